/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes with several Go runtimes: a program that loads two libraries, each
 * of which was built by Go on its own. Their goroutines are numbered alike, so
 * that one runtime is read and the others are told of.
 */
#ifndef IQ_GO_RUNTIMES_H
#define IQ_GO_RUNTIMES_H

#include <stdint.h>

#include "formats/go/locate.h"
#include "formats/go/program.h"
#include "model/fact.h"

/*
 * Puts the place first whose runtime is read: that of the one file that the user
 * gave, else that in whose code the thread is that was dumped first, which is the
 * one that crashed. @layout may be any version's.
 */
void iq_go_places_prefer(const struct iq_core *core,
			 const struct iq_go_layout *layout,
			 struct iq_go_places *places);

/* Says that the runtime whose moduledata is at @addr is not @program's and is
 * not read, how many goroutines that has, and how to read them. */
void iq_go_runtime_other(const struct iq_go_program *program,
			 struct iq_facts *facts, uint64_t addr);

#endif
