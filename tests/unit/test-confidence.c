/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of confidence: a table, and the manual that quotes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "base/attr.h"
#include "model/confidence.h"

static enum iq_confidence judge(unsigned sure)
{
	return iq_confidence_judge(sure)->gives;
}

static void one_witness_is_a_suspicion(void **state iq_unused)
{
	assert_int_equal(judge(0), IQ_CONFIDENCE_SUSPECTED);
}

static void two_kinds_corroborate(void **state iq_unused)
{
	assert_int_equal(judge(IQ_SURE_TWO_KINDS | IQ_SURE_BORNE_OUT),
			 IQ_CONFIDENCE_CORROBORATED);
}

static void equal_numbers_alone_do_not(void **state iq_unused)
{
	assert_int_equal(judge(IQ_SURE_TWO_KINDS), IQ_CONFIDENCE_SUSPECTED);
}

static void agreement_about_waits_shows_no_holder(void **state iq_unused)
{
	assert_int_equal(
		judge(IQ_SURE_MERE | IQ_SURE_TWO_KINDS | IQ_SURE_BORNE_OUT),
		IQ_CONFIDENCE_SUSPECTED);
	assert_int_equal(judge(IQ_SURE_MERE | IQ_SURE_PROOF),
			 IQ_CONFIDENCE_PROVEN);
}

static void a_proof_needs_no_second(void **state iq_unused)
{
	assert_int_equal(judge(IQ_SURE_PROOF), IQ_CONFIDENCE_PROVEN);
}

static void an_assumed_layout_proves_nothing(void **state iq_unused)
{
	assert_int_equal(judge(IQ_SURE_PROOF | IQ_SURE_ASSUMED),
			 IQ_CONFIDENCE_SUSPECTED);
	assert_int_equal(judge(IQ_SURE_PROOF | IQ_SURE_ASSUMED |
			       IQ_SURE_TWO_KINDS | IQ_SURE_BORNE_OUT),
			 IQ_CONFIDENCE_CORROBORATED);
}

static void what_went_on_is_withdrawn_whoever_agrees(void **state iq_unused)
{
	assert_int_equal(
		judge(IQ_SURE_REFUTED | IQ_SURE_PROOF | IQ_SURE_TWO_KINDS),
		IQ_CONFIDENCE_CONTRADICTED);
	assert_int_equal(judge(IQ_SURE_REFUTED | IQ_SURE_WEAKENED),
			 IQ_CONFIDENCE_CONTRADICTED);
}

static void fewer_of_them_weaken(void **state iq_unused)
{
	assert_int_equal(
		judge(IQ_SURE_WEAKENED | IQ_SURE_PROOF | IQ_SURE_TWO_KINDS),
		IQ_CONFIDENCE_SUSPECTED);
}

static void every_rule_can_hold(void **state iq_unused)
{
	size_t num;
	const struct iq_confidence_rule *rules = iq_confidence_rules(&num);

	for (size_t i = 0; i < num; i++)
		assert_ptr_equal(iq_confidence_judge(rules[i].needs),
				 &rules[i]);
	assert_int_equal(rules[num - 1].needs, 0);
	assert_int_equal(rules[num - 1].lacks, 0);
}

/* Any run of blanks is one, as in what it is compared with. */
static void squeeze(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++) {
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
}

static char *read_manual(void)
{
	const char *srcdir = getenv("srcdir");
	char path[4096];
	char *text = calloc(1, 1u << 16);
	FILE *file;

	assert_non_null(text);
	snprintf(path, sizeof(path), "%s/docs/evidence.md",
		 srcdir ? srcdir : ".");
	file = fopen(path, "r");
	if (!file) {
		free(text);
		return NULL;
	}
	assert_true(fread(text, 1, (1u << 16) - 1, file) > 0);
	fclose(file);
	squeeze(text);
	return text;
}

static void the_manual_quotes_every_rule_in_order(void **state iq_unused)
{
	size_t num;
	const struct iq_confidence_rule *rules = iq_confidence_rules(&num);
	char *manual = read_manual();
	const char *at = manual;

	if (!manual)
		skip();
	for (size_t i = 0; i < num; i++) {
		char row[512];

		snprintf(row, sizeof(row), "%s | %s |", rules[i].words,
			 iq_confidence_name(rules[i].gives));
		at = strstr(at, row);
		if (!at)
			print_error("docs/evidence.md: no row \"%s\"\n", row);
		assert_non_null(at);
	}
	free(manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_witness_is_a_suspicion),
		cmocka_unit_test(two_kinds_corroborate),
		cmocka_unit_test(equal_numbers_alone_do_not),
		cmocka_unit_test(agreement_about_waits_shows_no_holder),
		cmocka_unit_test(a_proof_needs_no_second),
		cmocka_unit_test(an_assumed_layout_proves_nothing),
		cmocka_unit_test(what_went_on_is_withdrawn_whoever_agrees),
		cmocka_unit_test(fewer_of_them_weaken),
		cmocka_unit_test(every_rule_can_hold),
		cmocka_unit_test(the_manual_quotes_every_rule_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
