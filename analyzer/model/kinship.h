/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What speaks for and against two witnesses having seen one process: numbers of
 * what agrees and of what differs, which same_process.c turns into a verdict.
 */
#ifndef IQ_MODEL_KINSHIP_H
#define IQ_MODEL_KINSHIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/model.h"

struct iq_kinship_signs {
	/* Goroutine ids that both have, but for 1, which every process has. */
	size_t num_ids;
	/* Of those the program's own: made by the same goroutine at the same
	 * place, running the same function / made otherwise. */
	size_t num_same;
	size_t num_other;
	/* Ids that had ended in a trace before the other saw them. */
	size_t num_dead;
	/* Ids that no moment of the trace's process has together. */
	size_t num_strange;
	/* Goroutines, main's too, whose g is at one address / at another. */
	size_t num_gs, num_other_gs;
	/* Threads of the kernel that both have; num_all_threads is 0 if one of
	 * them does not know its own. */
	size_t num_threads, num_all_threads;
	/* A collection of a trace set a g.waitsince that the other has. */
	bool has_waits;
	/* Calls on equal stacks that are at one distance in memory, or at one
	 * distance from their functions' starts / that are not. */
	size_t num_addresses, num_other_addresses;
	/* Functions of the program that are in files of one name / of another. */
	size_t num_files, num_other_files;
	/* Lines of the standard library that call one function / other lines. */
	size_t num_lines, num_other_lines;
	/* Functions of the program that each shows, and whether anything of it
	 * is common to both: a function, a file or a package. */
	size_t num_functions[2];
	bool has_common;
	/* Distinct stacks of the second that the first has, and all of them. */
	size_t num_stacks, num_all_stacks;
};

/* Two witnesses that are compared. */
struct iq_kinship_pair {
	const struct iq_model *model;
	size_t a, b;
	const struct iq_facts *x, *y;
};

/* Compares witnesses @a and @b by what they saw; wants signatures. */
struct iq_error *iq_kinship_compare(const struct iq_model *model, size_t a,
				    size_t b, struct iq_kinship_signs *ret)
	iq_must_check;

/* Of these, what their code says: addresses, files, stacks. */
struct iq_error *iq_kinship_compare_code(const struct iq_kinship_pair *pair,
					 struct iq_kinship_signs *signs)
	iq_must_check;

#endif
