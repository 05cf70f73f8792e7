/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page's own script and style, as web/bundle makes them of web/src/, and
 * what a Content Security Policy calls them.
 */
#ifndef IQ_REPORTS_HTML_ASSETS_H
#define IQ_REPORTS_HTML_ASSETS_H

/* In pieces that a C compiler must take; NULL ends them. */
extern const char *const iq_html_script[];
extern const char *const iq_html_style[];
/* SHA-256 in base64. */
extern const char iq_html_script_hash[];
extern const char iq_html_style_hash[];

#endif
