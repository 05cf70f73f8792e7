// SPDX-License-Identifier: Apache-2.0

package leaks

// scrub clears the registers.
func scrub()
