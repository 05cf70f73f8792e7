/* SPDX-License-Identifier: Apache-2.0 */
#include "model/finding.h"

const char *iq_class_name(enum iq_class class)
{
	switch (class) {
	case IQ_CLASS_CRASH:
		return "crash";
	case IQ_CLASS_DEADLOCK:
		return "deadlock";
	case IQ_CLASS_LEAK:
		return "leak";
	case IQ_CLASS_BLOCKED:
		return "blocked";
	}
	return "unknown";
}

const char *iq_severity_name(enum iq_severity severity)
{
	switch (severity) {
	case IQ_SEVERITY_NOTE:
		return "note";
	case IQ_SEVERITY_WARNING:
		return "warning";
	case IQ_SEVERITY_ERROR:
		return "error";
	}
	return "unknown";
}

const char *iq_confidence_name(enum iq_confidence confidence)
{
	switch (confidence) {
	case IQ_CONFIDENCE_CONTRADICTED:
		return "contradicted";
	case IQ_CONFIDENCE_SUSPECTED:
		return "suspected";
	case IQ_CONFIDENCE_CORROBORATED:
		return "corroborated";
	case IQ_CONFIDENCE_PROVEN:
		return "proven";
	}
	return "unknown";
}

const char *iq_stance_name(enum iq_stance stance)
{
	switch (stance) {
	case IQ_STANCE_SILENT:
		return "silent";
	case IQ_STANCE_SUPPORTS:
		return "supports";
	case IQ_STANCE_CONTRADICTS:
		return "contradicts";
	}
	return "unknown";
}

const char *iq_verdict_word_name(enum iq_verdict_word word)
{
	switch (word) {
	case IQ_VERDICT_CRASH:
		return "CRASH";
	case IQ_VERDICT_DEADLOCK:
		return "DEADLOCK";
	case IQ_VERDICT_LEAK:
		return "LEAK";
	case IQ_VERDICT_STUCK:
		return "STUCK";
	case IQ_VERDICT_SUSPECT:
		return "SUSPECT";
	case IQ_VERDICT_CLEAN:
		return "CLEAN";
	case IQ_VERDICT_NONE:
		return "NO VERDICT";
	}
	return "unknown";
}
