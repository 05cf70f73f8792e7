/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit in one place, each with its reason. A walk that reaches one
 * becomes a gap, never silence.
 */
#ifndef IQ_BASE_LIMITS_H
#define IQ_BASE_LIMITS_H

/* Goroutines of one process: 2 KiB of stack each, so 256 GiB of stacks. */
#define IQ_LIMIT_GOROUTINES (128u << 20)
/* Frames of one stack: Go's maximum stack is 1 GiB, a frame 16 bytes or more;
 * a million is where the runtime's own traceback stops caring. */
#define IQ_LIMIT_FRAMES (1u << 20)
/* Inlined calls at one pc: the compiler's budget keeps real ones below 50. */
#define IQ_LIMIT_INLINE 256
/* Nested signal frames of one thread; a crash has two. */
#define IQ_LIMIT_SIGNAL_FRAMES 8
/* Steps of one pc-value table: one for each instruction at most, and compilers
 * give up on functions of a million instructions. */
#define IQ_LIMIT_PC_VALUES (1u << 20)
/* A function or file name; the linker's longest are a few KiB. */
#define IQ_LIMIT_NAME (1u << 16)
/* Threads (runtime's default is 10,000; the kernel's pid limit is 4 Mi). */
#define IQ_LIMIT_THREADS (4u << 20)
/* Modules: executable, plugins, shared libraries with Go code. */
#define IQ_LIMIT_MODULES 1024
/* Sudogs of one goroutine: cases of one select, at most 65,536. */
#define IQ_LIMIT_SUDOGS 65536
/* Waiters of one semaphore or channel queue: the goroutines there are. */
#define IQ_LIMIT_WAITERS IQ_LIMIT_GOROUTINES
/* Labels of one goroutine. */
#define IQ_LIMIT_LABELS 1024
/* Edges of one cycle of goroutines: where each of many could wake each of many
 * the rest is one for each. */
#define IQ_LIMIT_CYCLE_STEPS (64u << 10)
/* Edges of a cycle that are put into words; real ones have two or three. */
#define IQ_LIMIT_CYCLE_WORDS 16
/* Panics that are nested. */
#define IQ_LIMIT_PANICS 1024
/* One line of a text dump; runtime lines are short, log lines may hold all. */
#define IQ_LIMIT_LINE (64u << 20)
/* Inflated size of one spooled input, unless the caller says otherwise. */
#define IQ_LIMIT_SPOOL (1ull << 40)
/* The same while no reader sees anything in it: pipes may never end, and a
 * dump may stand at the end of a long log. */
#define IQ_LIMIT_UNKNOWN (1ull << 30)
/* Distinct stacks of a text dump whose frames keep their arguments: addresses
 * make each stack another one, and a million of them would not fit. */
#define IQ_LIMIT_ARGS_STACKS 65536
/* Address space and time of the child that reads debug information: the largest
 * programs have 100 MB of it, which take a few seconds. */
#define IQ_LIMIT_DWARF_MEMORY (1ull << 30)
#define IQ_LIMIT_DWARF_CPU_SECONDS 20
#define IQ_LIMIT_DWARF_WALL_SECONDS 30
/* The same child, asked for the unwind rules of one pc: a C library's tables
 * take 10 ms. How often it may crash before no more is asked, and for how many
 * pcs it may be asked at all: a stack of C has hundreds, few are distinct. */
#define IQ_LIMIT_CFI_WALL_SECONDS 10
#define IQ_LIMIT_CFI_FAILURES 4
#define IQ_LIMIT_CFI_ROWS (64u << 10)
/* Frames of C on one stack: what is deeper is an endless recursion, and its
 * beginning tells it all. */
#define IQ_LIMIT_C_FRAMES 1024
/* Size of a struct of the runtime; the largest is mheap, 92 KiB. */
#define IQ_LIMIT_STRUCT (16u << 20)
/* Files of one folder of debug files that are looked at one by one: who keeps
 * more of them names them by their build ids. */
#define IQ_LIMIT_DEBUG_DIR 4096
/* Such folders. */
#define IQ_LIMIT_DEBUG_DIRS 256
/* Folders of a path that is looked for below others. */
#define IQ_LIMIT_PATH_PARTS 32
/* Input files of one case. */
#define IQ_LIMIT_INPUTS 4096
/* Equal gaps of one witness that are listed one by one; the rest is counted. */
#define IQ_LIMIT_EQUAL_GAPS 16
/* Gaps of one witness; nobody reads more, and each line of a file may be one. */
#define IQ_LIMIT_GAPS 4096
/* Slots of the Go heap, numbered in 32 bits: 64 GiB of the smallest that hold
 * references, and real objects are several times as large. */
#define IQ_LIMIT_HEAP_SLOTS (UINT32_MAX - 64)
/* Types whose pointers are remembered, and words of one of them: programs have
 * thousands of types, and what is larger than 128 MiB is an array of something
 * smaller. Parts that one is put together from at a time, and all of them: only
 * types of more than 128 KiB are. */
#define IQ_LIMIT_TYPE_MASKS 65536
#define IQ_LIMIT_TYPE_MASK_WORDS (16u << 20)
#define IQ_LIMIT_TYPE_PARTS 1024
#define IQ_LIMIT_TYPE_PARTS_ALL (1u << 20)
/* Pieces of one goroutine's life in a trace: nobody reads more. */
#define IQ_LIMIT_TRACE_SPANS (1u << 20)
/* Finalizers, cleanups, weak pointers and sampled objects of one heap. */
#define IQ_LIMIT_SPECIALS (16u << 20)
/* One message of a profile; a stack of 1,024 frames, Go's most, takes 10 KiB.
 * Unpacked it can be 40 times as large. */
#define IQ_LIMIT_PPROF_MESSAGE (256u << 10)
/* Frames of one stack of a profile, and of all its distinct stacks: a byte can
 * stand for a location with hundreds of inlined calls. */
#define IQ_LIMIT_PPROF_STACK (16u << 10)
#define IQ_LIMIT_PPROF_FRAMES (64u << 20)
/* Ranges of a core that were not dumped, each compared with all mapped files:
 * a process of Go has hundreds. */
#define IQ_LIMIT_COVERAGE_RANGES 4096
/* Goroutines that are named of those which lost their stacks alike. */
#define IQ_LIMIT_COVERAGE_IDS 64
/* Addresses that are asked for at once: people, or scripts, write them. */
#define IQ_LIMIT_HEAP_ADDRESSES 1024
/* Bytes of a regular expression, which takes memory by its length. */
#define IQ_LIMIT_FILTER_REGEX 1024
/* Conditions on goroutines of one command or rule; selections and rules of
 * files, and a file's bytes: people write them. */
#define IQ_LIMIT_CONDITIONS 64
#define IQ_LIMIT_RULE_SELECTIONS 8
#define IQ_LIMIT_RULES 1024
#define IQ_LIMIT_RULES_FILE (1u << 20)

#endif
