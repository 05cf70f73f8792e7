// SPDX-License-Identifier: Apache-2.0

#include "textflag.h"

// func scrub()
// Clears the registers that Go code uses, but for SP, BP and R14, which is g.
TEXT ·scrub(SB), NOSPLIT, $0-0
	XORL AX, AX
	XORL BX, BX
	XORL CX, CX
	XORL DX, DX
	XORL SI, SI
	XORL DI, DI
	XORL R8, R8
	XORL R9, R9
	XORL R10, R10
	XORL R11, R11
	XORL R12, R12
	XORL R13, R13
	XORL R15, R15
	PXOR X0, X0
	PXOR X1, X1
	PXOR X2, X2
	PXOR X3, X3
	PXOR X4, X4
	PXOR X5, X5
	PXOR X6, X6
	PXOR X7, X7
	PXOR X8, X8
	PXOR X9, X9
	PXOR X10, X10
	PXOR X11, X11
	PXOR X12, X12
	PXOR X13, X13
	PXOR X14, X14
	PXOR X15, X15
	RET

// func stand()
// Gives its processor to nobody: what is no code of Go is not preempted.
TEXT ·stand(SB), NOSPLIT, $0-0
again:
	MOVQ $34, AX // pause
	SYSCALL
	JMP again
