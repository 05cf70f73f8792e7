/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences about the wait-for graph, clean, for the texts that people read: who
 * waits for what, who could wake them and what shows it.
 */
#ifndef IQ_REPORTS_WAIT_LINES_H
#define IQ_REPORTS_WAIT_LINES_H

#include "base/str.h"
#include "reports/emit_term.h"
#include "reports/waits.h"

struct iq_wait_lines {
	struct iq_waits *waits;
	struct iq_term *term; /* sentences live in its arena */
	bool all;	      /* nothing is shortened */
};

/* "main.(*Store).Get main.go:58", shortened where a line has no room. */
struct iq_str iq_wait_line_site(struct iq_wait_lines *l, uint32_t goroutine);
/* "118 main.transfer main.go:72" */
struct iq_str iq_wait_line_who(struct iq_wait_lines *l, uint32_t goroutine);
/* "18 19 20 and 37 more"; empty where they have no ids. */
struct iq_str iq_wait_line_ids(struct iq_wait_lines *l,
			       const uint32_t *goroutines, size_t num);
/* "waits to receive from chan int 0x…, 0 of 0", "runs", "waits in a select on 3
 * chans". */
struct iq_str iq_wait_line_does(struct iq_wait_lines *l, uint32_t goroutine);
/* "chan main.quote 0xc000102060, 0 of 0, 3 senders" */
struct iq_str iq_wait_line_object(struct iq_wait_lines *l,
				  const struct iq_graph_node *node, bool many);
/* The same without what it contains. */
struct iq_str iq_wait_line_name(struct iq_wait_lines *l,
				const struct iq_graph_node *node);
/* "118 main.transfer main.go:72 waits to lock Mutex 0x…, held by 119, which has
 * deferred its Unlock in main.transfer main.go:70" */
struct iq_str iq_wait_line_step(struct iq_wait_lines *l,
				const struct iq_cycle_step *step);
/* "held by 119, which has deferred its Unlock in main.transfer main.go:70";
 * @party's wake is one of @node's; "it" for who @is_subject of the lines
 * around. */
struct iq_str iq_wait_line_waker(struct iq_wait_lines *l,
				 const struct iq_graph_node *node,
				 const struct iq_waits_party *party,
				 bool is_subject);
/* "2 readers must go on; among them perhaps 63 64, or others who are not seen":
 * of a RWMutex whose writer waits for them. */
struct iq_str iq_wait_line_readers(struct iq_wait_lines *l,
				   const struct iq_graph_node *node);
/* Why no cycle is claimed: iq_waits_may_be_cycle(). */
struct iq_str iq_wait_line_no_cycle(struct iq_wait_lines *l,
				    const struct iq_graph_node *node);
/* Why nobody is named, where nobody is. */
struct iq_str iq_wait_line_nobody(struct iq_wait_lines *l,
				  const struct iq_graph_node *node);
/* "2 goroutines lock what the other has" */
struct iq_str iq_wait_line_cycle(struct iq_wait_lines *l,
				 const struct iq_cycle *cycle);
/* "12 in main.(*Store).Get main.go:58" */
struct iq_str iq_wait_line_party(struct iq_wait_lines *l,
				 const struct iq_waits_party *party);
/* ">=5.1s" of all of them, "unknown"; *@ground_ret: what it rests on. */
struct iq_str iq_wait_line_since(struct iq_wait_lines *l,
				 const uint32_t *goroutines, size_t num,
				 enum iq_wait_ground *ground_ret);

#endif
