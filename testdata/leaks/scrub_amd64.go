// SPDX-License-Identifier: Apache-2.0

package leaks

// scrub clears the registers.
func scrub()

// stand does not return, and lets nobody else run on its processor.
func stand()
