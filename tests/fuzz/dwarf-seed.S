/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seeds of fuzz-dwarf: what a Go linker writes of a runtime, as short as it
 * can be read. Remake them with
 *
 *	gcc -c -o corpus/dwarf/plain dwarf-seed.S
 *	objcopy -R .text -R .data -R .bss -R .note.* corpus/dwarf/plain
 *	objcopy --compress-debug-sections=zlib-gabi corpus/dwarf/plain \
 *		corpus/dwarf/compressed
 */
	.section .debug_abbrev, "", @progbits
	/* DW_TAG_compile_unit: name, language */
	.uleb128 1, 0x11
	.byte 1
	.uleb128 0x03, 0x08, 0x13, 0x0b, 0, 0
	/* DW_TAG_structure_type: name, byte_size */
	.uleb128 2, 0x13
	.byte 1
	.uleb128 0x03, 0x08, 0x0b, 0x0f, 0, 0
	/* DW_TAG_member: name, data_member_location, type */
	.uleb128 3, 0x0d
	.byte 0
	.uleb128 0x03, 0x08, 0x38, 0x0f, 0x49, 0x10, 0, 0
	/* DW_TAG_base_type: name, byte_size */
	.uleb128 4, 0x24
	.byte 0
	.uleb128 0x03, 0x08, 0x0b, 0x0b, 0, 0
	/* DW_TAG_typedef: name, type */
	.uleb128 5, 0x16
	.byte 0
	.uleb128 0x03, 0x08, 0x49, 0x10, 0, 0
	/* DW_TAG_constant: name, const_value */
	.uleb128 6, 0x27
	.byte 0
	.uleb128 0x03, 0x08, 0x1c, 0x0d, 0, 0
	/* DW_TAG_variable: name, location, type */
	.uleb128 7, 0x34
	.byte 0
	.uleb128 0x03, 0x08, 0x02, 0x0a, 0x49, 0x10, 0, 0
	/* DW_TAG_pointer_type: name, type */
	.uleb128 8, 0x0f
	.byte 0
	.uleb128 0x03, 0x08, 0x49, 0x10, 0, 0
	.byte 0

	.section .debug_info, "", @progbits
info:
	.macro struct name, size
	.uleb128 2
	.asciz "\name"
	.uleb128 \size
	.endm
	.macro member name, offset, type
	.uleb128 3
	.asciz "\name"
	.uleb128 \offset
	.long \type - info
	.endm
	.macro end
	.byte 0
	.endm
	.macro unit name, from, to, version
	.long \to - \from
\from:
	.short \version
	.if \version == 5
	.byte 1, 8
	.long 0
	.else
	.long 0
	.byte 8
	.endif
	.uleb128 1
	.asciz "\name"
	.byte 0x16
	.endm

	unit "internal/abi", a0, a1, 4
	.uleb128 6
	.asciz "internal/abi.FuncID_goexit"
	.sleb128 8
	end
a1:
	unit "runtime", r0, r1, 5
	.uleb128 6
	.asciz "runtime.semTabSize"
	.sleb128 251
	.uleb128 7
	.asciz "runtime.waitReasonStrings"
	.byte 9, 3
	.quad 0x648160
	.long t_hchan - info
word:
	.uleb128 4
	.asciz "uint64"
	.byte 8
half:
	.uleb128 4
	.asciz "uint32"
	.byte 4
pointer:
	.uleb128 8
	.asciz "*runtime.g"
	.long t_g - info
t_stack:
	struct "runtime.stack", 16
	member "lo", 0, word
	member "hi", 8, word
	end
stack:
	.uleb128 5
	.asciz "runtime.stack"
	.long t_stack - info
t_gobuf:
	struct "runtime.gobuf", 16
	member "sp", 0, word
	member "pc", 8, word
	end
t_g:
	struct "runtime.g", 400
	member "stack", 0, stack
	member "m", 48, pointer
	member "sched", 56, t_gobuf
	member "atomicstatus", 144, half
	member "goid", 152, word
	end
t_m:
	struct "runtime.m", 512
	member "g0", 0, pointer
	member "procid", 72, word
	member "curg", 192, pointer
	end
	struct "runtime.p", 4096
	end
	struct "runtime.sudog", 96
	member "g", 0, pointer
	end
t_hchan:
	struct "runtime.hchan", 96
	member "qcount", 0, word
	end
	struct "runtime._func", 40
	member "entryOff", 0, half
	end
	struct "runtime.moduledata", 512
	member "pcHeader", 0, pointer
	member "ftab", 128, word
	member "text", 176, word
	end
	end
r1:
