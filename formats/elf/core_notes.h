/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notes of a core: threads, signal, auxiliary vector, mapped files.
 */
#ifndef IQ_ELF_CORE_NOTES_H
#define IQ_ELF_CORE_NOTES_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/core.h"
#include "model/fact.h"

/*
 * Reads every note segment of core->elf into @core. Notes that are broken or
 * cut off become gaps of @facts.
 */
struct iq_error *iq_core_notes_read(struct iq_core *core,
				    struct iq_facts *facts) iq_must_check;

#endif
