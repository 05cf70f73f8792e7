/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls of Linux by architecture: what their numbers mean, in which
 * registers the kernel gets them, and where Go code keeps them in between.
 * Adding an architecture is a file syscalls_<name>.def with its numbers and a row
 * in syscalls.c.
 */
#ifndef IQ_ELF_SYSCALLS_H
#define IQ_ELF_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/elf/arch.h"

#define IQ_SYSCALL_ARGS 6

struct iq_syscall {
	uint16_t number;
	const char *name; /* "accept4" */
	uint8_t num_args;
	/* Which argument is a file descriptor, or IQ_ARCH_NONE. */
	int8_t fd;
};

/* Stack slots, in bytes from the stack pointer. */
struct iq_syscall_slots {
	int32_t number;
	/* The first arguments, as many as are kept. */
	unsigned num_args;
	int32_t args[IQ_SYSCALL_ARGS];
};

/* Registers as iq_arch lists them. */
struct iq_syscalls {
	uint16_t machine;
	/* The number, as it is while the kernel is at work: a register that it
	 * leaves alone. Then the ones that programs load. */
	uint8_t kept_number;
	/* kept_number is negative outside of the kernel. */
	bool knows_inside;
	uint8_t number;
	uint8_t result;
	uint8_t args[IQ_SYSCALL_ARGS];
	/* The first argument is where the result comes. */
	bool result_is_arg;
	/* The instruction. */
	uint8_t insn[4];
	uint8_t insn_size;
	/*
	 * Where the Go code at @code, to which runtime.entersyscall returns, has
	 * number and arguments: it loads them to make the call, or to pass them
	 * on. False if it does neither.
	 */
	bool (*slots)(const uint8_t *code, size_t len,
		      struct iq_syscall_slots *ret);
};

/* NULL if nobody knows the system calls of @machine. */
const struct iq_syscalls *iq_syscalls_of(uint16_t machine);
/* System call @number, or NULL. */
const struct iq_syscall *iq_syscall_find(uint16_t machine, uint64_t number);
/* All, in ascending order. */
const struct iq_syscall *iq_syscalls_all(uint16_t machine, size_t *num_ret);

#endif
