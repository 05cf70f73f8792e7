/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes that turn contracts into compiler errors.
 */
#ifndef IQ_BASE_ATTR_H
#define IQ_BASE_ATTR_H

#define iq_must_check __attribute__((__warn_unused_result__))
#define iq_printf(fmt, args) __attribute__((__format__(__printf__, fmt, args)))
#define iq_always_inline inline __attribute__((__always_inline__))
#define iq_unused __attribute__((__unused__))
#define iq_cleanup(fn) __attribute__((__cleanup__(fn)))
#define iq_public __attribute__((__visibility__("default")))

#define IQ_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
