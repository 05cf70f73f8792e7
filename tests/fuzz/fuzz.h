/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target is one file tests/fuzz/fuzz-<reader>.c that defines the function
 * below; its seeds are the files of tests/fuzz/corpus/<reader>/, its words
 * tests/fuzz/<reader>.dict. libFuzzer calls it under "./dev fuzz"; in make check
 * main.c runs the seeds alone.
 */
#ifndef IQ_TESTS_FUZZ_H
#define IQ_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "model/fact.h"

/* Joins and judges the facts of one witness, which are finished, and makes all
 * reports of it. */
void fuzz_case(struct iq_facts *facts);

/* Reads the input and forgets it; 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
