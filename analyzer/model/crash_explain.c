/* SPDX-License-Identifier: Apache-2.0 */
/* A crash in words: how a title names it, and what it means. */
#include <inttypes.h>

#include "base/out.h"
#include "model/crash.h"
#include "model/text.h"

/* Who else refers to the object, in the explanation. */
#define MAX_REFERRERS 2

static struct iq_str after(struct iq_str text, struct iq_str begin)
{
	return iq_str_starts(text, begin) ?
		       iq_str_sub(text, begin.len, text.len) :
		       text;
}

static bool has(struct iq_str text, const char *words)
{
	return iq_str_search(text, iq_str_of(words)) < text.len;
}

static bool is_goexit(const struct iq_crash *crash)
{
	return has(crash->text, "main called runtime.Goexit");
}

/* A length for make or unsafe.Slice: there is no slice, and no index. */
static bool is_size(struct iq_str text)
{
	text = iq_cause_words(text);
	return iq_str_starts(text, IQ_STR("makeslice: ")) ||
	       iq_str_starts(text, IQ_STR("makechan: ")) ||
	       iq_str_starts(text, IQ_STR("unsafe."));
}

static bool is_conversion(struct iq_str text)
{
	return iq_str_starts(iq_cause_words(text),
			     IQ_STR("cannot convert slice with length"));
}

/* FPE_INTDIV; amd64 raises it for a result that does not fit, too. */
static bool is_divide_in_c(const struct iq_model *model,
			   const struct iq_crash *crash)
{
	const struct iq_scene *s = crash->scene;

	return iq_str_equal(model->process.signal, IQ_STR("SIGFPE")) && s &&
	       s->has_signal_code && s->signal_code == 1;
}

/* @name, and behind it what the runtime adds. */
static struct iq_error *named(struct iq_arena *arena, const char *name,
			      struct iq_str more, struct iq_str *ret)
{
	return iq_textf(arena, ret, "%s%s%.*s", name, more.len ? ": " : "",
			IQ_STR_ARG(more));
}

struct iq_error *iq_crash_words(const struct iq_model *model,
				const struct iq_crash *crash,
				struct iq_arena *arena, struct iq_str *ret)
{
	const struct iq_process_fact *p = &model->process;
	const char *name = iq_cause_name(crash->cause);
	struct iq_str text = iq_cause_words(crash->text);

	switch (crash->cause) {
	case IQ_CAUSE_PANIC:
	case IQ_CAUSE_LIBRARY_PANIC:
		return named(arena, name, crash->text, ret);
	case IQ_CAUSE_UNCOMPARABLE:
	case IQ_CAUSE_WAITGROUP_REUSE:
		*ret = after(text, IQ_STR("sync: "));
		return NULL;
	case IQ_CAUSE_FATAL:
	case IQ_CAUSE_SIGNAL:
		return named(arena, name, text, ret);
	case IQ_CAUSE_BAD_ADDRESS:
		if (!p->has_fault_addr)
			break;
		return iq_textf(arena, ret, "%s 0x%" PRIx64, name,
				p->fault_addr);
	case IQ_CAUSE_TYPE_ASSERTION:
		return named(arena, name,
			     after(text, IQ_STR("interface conversion: ")),
			     ret);
	case IQ_CAUSE_CHECKPTR:
		return named(arena, name, after(text, IQ_STR("checkptr: ")),
			     ret);
	case IQ_CAUSE_UNLOCK_OF_UNLOCKED:
		*ret = after(text, IQ_STR("sync: "));
		return NULL;
	case IQ_CAUSE_BOUNDS:
	case IQ_CAUSE_CONCURRENT_MAP:
		*ret = text;
		return NULL;
	case IQ_CAUSE_ALL_ASLEEP:
		if (is_goexit(crash))
			name = "no goroutine left after runtime.Goexit of main";
		else if (crash->main_left)
			name = "all goroutines asleep after runtime.Goexit of main";
		break;
	case IQ_CAUSE_C_FAULT:
		if (iq_str_equal(p->signal, IQ_STR("SIGABRT")))
			name = "abort in C";
		else if (is_divide_in_c(model, crash))
			name = "integer division by 0 in C";
		break;
	default:
		break;
	}
	*ret = iq_str_of(name);
	return NULL;
}

/* ---- what it means */

static void put_function(struct iq_out *out, const struct iq_crash *crash)
{
	if (crash->site)
		iq_out_str(out, crash->site->function);
	else
		iq_out_cstr(out, "the program");
}

/* Whether the processor was to run what is at address 0. */
static bool called_nil(const struct iq_crash *crash)
{
	const struct iq_scene *s = crash->scene;

	for (size_t i = 0; s && i < s->num_registers; i++) {
		const struct iq_scene_register *r = &s->registers[i];

		if (r->role == IQ_REGISTER_PC)
			return r->value == 0;
	}
	return false;
}

static void put_nil(struct iq_out *out, const struct iq_model *model,
		    const struct iq_crash *crash)
{
	const struct iq_process_fact *p = &model->process;

	put_function(out, crash);
	if (has(crash->text, "value method "))
		iq_out_cstr(out, " called a method of a value through a "
				 "nil pointer");
	else if (called_nil(crash))
		iq_out_cstr(out, " called a function value that is nil");
	else if (p->has_fault_addr && p->fault_addr)
		iq_out_printf(
			out,
			" went through a nil pointer, to what lies %" PRIu64
			" bytes behind it (address 0x%" PRIx64 ")",
			p->fault_addr, p->fault_addr);
	else
		iq_out_cstr(out, " read, wrote or called through a nil "
				 "pointer, interface or function value");
}

static void put_bad_address(struct iq_out *out, const struct iq_model *model,
			    const struct iq_crash *crash)
{
	bool is_bus = iq_str_equal(model->process.signal, IQ_STR("SIGBUS"));

	put_function(out, crash);
	iq_out_cstr(out, is_bus ? " touched memory that has nothing behind it: "
				  "most often a mapped file that became "
				  "shorter" :
				  " touched memory that it may not, and no nil "
				  "pointer was the cause: unsafe, a mapping or "
				  "memory that was overwritten is behind it");
}

/* The number that @text begins with, and what follows. */
static struct iq_str take_number(struct iq_str text, struct iq_str *rest_ret)
{
	size_t len = text.len && text.ptr[0] == '-';

	while (len < text.len && text.ptr[len] >= '0' && text.ptr[len] <= '9')
		len++;
	*rest_ret = iq_str_sub(text, len, text.len);
	return iq_str_sub(text, 0, len);
}

/* "[5] with length 3"; an index may be larger than any length. */
static bool parse_index(struct iq_str text, struct iq_str *index_ret,
			struct iq_str *len_ret)
{
	struct iq_str begin = IQ_STR("index out of range [");
	struct iq_str middle = IQ_STR("] with length ");

	if (!iq_str_starts(text, begin))
		return false;
	*index_ret = take_number(iq_str_sub(text, begin.len, text.len), &text);
	if (!index_ret->len || !iq_str_starts(text, middle))
		return false;
	*len_ret = take_number(iq_str_sub(text, middle.len, text.len), &text);
	return len_ret->len && len_ret->len < 20 && len_ret->ptr[0] != '-';
}

static void put_index(struct iq_out *out, struct iq_str index,
		      struct iq_str len)
{
	uint64_t num = 0;

	for (size_t i = 0; i < len.len; i++)
		num = num * 10 + (uint64_t)(len.ptr[i] - '0');
	iq_out_cstr(out, " asked for element ");
	iq_out_str(out, index);
	if (num == 0)
		iq_out_cstr(out, " of what is empty or nil");
	else if (iq_str_equal(index, len))
		iq_out_printf(out, " of %" PRIu64 ", one past the last", num);
	else
		iq_out_printf(out,
			      ", and there are %" PRIu64 " (0 to %" PRIu64 ")",
			      num, num - 1);
}

static void put_bounds(struct iq_out *out, const struct iq_crash *crash)
{
	struct iq_str text = iq_cause_words(crash->text);
	struct iq_str index, len;

	put_function(out, crash);
	if (is_size(text))
		iq_out_cstr(out, " asked for a length or capacity that is "
				 "negative or more than can ever be");
	else if (is_conversion(text))
		iq_out_cstr(out, " made an array of a slice that is shorter "
				 "than the array");
	else if (parse_index(text, &index, &len))
		put_index(out, index, len);
	else
		iq_out_cstr(out, " asked for a part that the slice, array or "
				 "string does not have");
}

/* What a signal from outside met; it says nothing about a cause. */
static void put_interrupted(struct iq_out *out, const struct iq_scene *scene)
{
	iq_out_printf(out, "; it met goroutine %" PRIu64, scene->goroutine);
	if (!scene->site)
		return;
	iq_out_cstr(out, " in ");
	iq_out_str(out, scene->site->function);
	if (scene->site->file.len && scene->site->line)
		iq_out_printf(out, " %.*s:%" PRIu32,
			      IQ_STR_ARG(iq_str_basename(scene->site->file)),
			      scene->site->line);
}

static void put_signal(struct iq_out *out, const struct iq_model *model,
		       const struct iq_crash *crash)
{
	struct iq_str name = model->process.signal;

	if (!name.len)
		name = IQ_STR("the signal");
	iq_out_str(out, name);
	iq_out_cstr(out, crash->sent ? " was sent to the process, and no "
				       "instruction of it was the cause" :
				       " ended the process");
	if (crash->sent && crash->scene && crash->scene->has_goroutine)
		put_interrupted(out, crash->scene);
}

/* The function of C in which it was, as far as that has a name. */
static void put_c_function(struct iq_out *out, const struct iq_crash *crash)
{
	const struct iq_frame *frame =
		crash->stack && crash->stack->num_frames ?
			crash->stack->frames[0] :
			NULL;

	if (!frame || !frame->foreign || frame == crash->site ||
	    !frame->function.len || frame->function.ptr[0] == '(')
		return;
	iq_out_cstr(out, ", in ");
	iq_out_str(out, frame->function);
}

static void put_c_fault(struct iq_out *out, const struct iq_model *model,
			const struct iq_crash *crash)
{
	bool is_abort = iq_str_equal(model->process.signal, IQ_STR("SIGABRT"));

	iq_out_cstr(out, is_abort ? "C code gave up with abort()" :
			 is_divide_in_c(model, crash) ?
				    "C code divided an integer by 0 (or the "
				    "result did not fit)" :
				    "the instruction that failed is C's");
	put_c_function(out, crash);
	if (crash->has_goroutine && crash->site && !crash->site->foreign) {
		iq_out_cstr(out, ", called by ");
		put_function(out, crash);
	} else if (!crash->has_goroutine) {
		iq_out_cstr(out, ", on a thread that runs no goroutine");
	}
}

static const char *unlock_words(const struct iq_crash *crash)
{
	if (has(crash->text, "RUnlock"))
		return " gave a reader's lock back that nobody held";
	if (has(crash->text, "RWMutex"))
		return " gave a writer's lock back that nobody held";
	return " gave a lock back that nobody held";
}

static const char *map_words(const struct iq_crash *crash)
{
	if (has(crash->text, "iteration"))
		return " ranged over a map while another goroutine wrote it";
	if (has(crash->text, "read"))
		return " read a map while another goroutine wrote it";
	return " wrote a map while another goroutine wrote it, too";
}

/* What the site did; NULL: it is told in another way. */
static const char *did(const struct iq_crash *crash)
{
	switch (crash->cause) {
	case IQ_CAUSE_PANIC:
		return " gave up by itself: panic() was called and nobody "
		       "recovered";
	case IQ_CAUSE_NEGATIVE_SHIFT:
		return " shifted by a negative number of bits";
	case IQ_CAUSE_UNCOMPARABLE:
		return has(crash->text, "unhashable") ?
			       " used a value as a key of a map whose type "
			       "cannot be compared, inside of an interface" :
			       " compared two interfaces that hold a type "
			       "which cannot be compared";
	case IQ_CAUSE_WAITGROUP_REUSE:
		return " used a WaitGroup again while goroutines were still "
		       "coming back from its Wait";
	case IQ_CAUSE_DIVIDE:
		return " divided an integer by 0";
	case IQ_CAUSE_TYPE_ASSERTION:
		return " asked an interface for a type that its value has not";
	case IQ_CAUSE_NIL_MAP:
		return " wrote to a map that was never made: a nil map can be "
		       "read and ranged over, not written";
	case IQ_CAUSE_SEND_ON_CLOSED:
		return " sent on a channel that was closed before";
	case IQ_CAUSE_CLOSE_OF_CLOSED:
		return " closed a channel a second time";
	case IQ_CAUSE_CLOSE_OF_NIL:
		return " closed a channel that was never made";
	case IQ_CAUSE_NEGATIVE_WAITGROUP:
		return " called Done (or Add of a negative number) more often "
		       "than Add had counted";
	case IQ_CAUSE_UNLOCK_OF_UNLOCKED:
		return unlock_words(crash);
	case IQ_CAUSE_CONCURRENT_MAP:
		return map_words(crash);
	case IQ_CAUSE_OUT_OF_MEMORY:
		return " asked for memory that the system did not give";
	case IQ_CAUSE_STACK_OVERFLOW:
		return " called itself, directly or by others, until the stack "
		       "was at its limit";
	case IQ_CAUSE_CHECKPTR:
		return " broke the rules of unsafe.Pointer (the build checks "
		       "them: -d=checkptr, -race)";
	case IQ_CAUSE_FATAL:
		return " was running when the runtime found that it could not "
		       "go on";
	default:
		return NULL;
	}
}

static void put_library(struct iq_out *out, const struct iq_crash *crash)
{
	if (crash->raiser) {
		iq_out_str(out, crash->raiser->function);
		iq_out_cstr(out, " panicked, called by ");
	} else {
		iq_out_cstr(out, "the runtime raised it, at work for ");
	}
	put_function(out, crash);
	iq_out_cstr(out, "; nobody recovered");
}

static void put_asleep(struct iq_out *out, const struct iq_crash *crash)
{
	if (crash->main_left)
		iq_out_cstr(out,
			    "main ended by runtime.Goexit (it is gone, and "
			    "the process was not), and ");
	iq_out_cstr(out, is_goexit(crash) ?
				 "main ended by runtime.Goexit, the others "
				 "ended, too, and nobody ended the process" :
			 crash->main_left ?
				 "all that are left wait: none can ever run "
				 "again" :
				 "all goroutines wait, and nobody is left to "
				 "wake one: none can ever run again");
}

static void put_cause(struct iq_out *out, const struct iq_model *model,
		      const struct iq_crash *crash)
{
	const char *words = did(crash);

	if (words) {
		put_function(out, crash);
		iq_out_cstr(out, words);
		return;
	}
	switch (crash->cause) {
	case IQ_CAUSE_NIL_DEREFERENCE:
		put_nil(out, model, crash);
		break;
	case IQ_CAUSE_BAD_ADDRESS:
		put_bad_address(out, model, crash);
		break;
	case IQ_CAUSE_BOUNDS:
		put_bounds(out, crash);
		break;
	case IQ_CAUSE_C_FAULT:
		put_c_fault(out, model, crash);
		break;
	case IQ_CAUSE_ALL_ASLEEP:
		put_asleep(out, crash);
		break;
	case IQ_CAUSE_LIBRARY_PANIC:
		put_library(out, crash);
		break;
	default:
		put_signal(out, model, crash);
	}
}

/* What was recovered on the way is still the beginning of it all. */
static struct iq_error *put_again(struct iq_out *out, struct iq_arena *arena,
				  const struct iq_crash *crash)
{
	const struct iq_scene_panic *again = crash->again;
	struct iq_error *err;
	const char *site;

	if (!again)
		return NULL;
	iq_out_cstr(out, "; it was recovered and raised again");
	if (!again->raised_at)
		return NULL;
	err = iq_text_frame(arena, again->raised_at, &site);
	if (!err)
		iq_out_printf(out, " in %s", site);
	return err;
}

/* ---- with what */

static struct iq_error *put_referrers(struct iq_out *out,
				      struct iq_arena *arena,
				      const struct iq_scene_object *object)
{
	for (size_t i = 0; i < object->num_referrers; i++) {
		const struct iq_scene_referrer *r = &object->referrers[i];
		const char *site;

		if (i == MAX_REFERRERS) {
			iq_out_printf(out, "; %zu more refer to it",
				      object->num_referrers - i);
			break;
		}
		iq_out_printf(out, "; goroutine %" PRIu64 " ", r->goroutine);
		iq_out_str(out, r->how.len ? r->how : IQ_STR("mentions it"));
		if (!r->frame)
			continue;
		struct iq_error *err = iq_text_frame(arena, r->frame, &site);

		if (err)
			return err;
		iq_out_printf(out, ", %s", site);
	}
	return NULL;
}

static struct iq_error *put_object(struct iq_out *out, struct iq_arena *arena,
				   const struct iq_crash *crash)
{
	const struct iq_scene_object *object;
	const char *comma = ": ";

	if (!crash->scene || !crash->scene->num_objects)
		return NULL;
	object = &crash->scene->objects[0];
	iq_out_cstr(out, "; ");
	iq_out_str(out, object->what);
	if (object->has_address)
		iq_out_printf(out, " 0x%" PRIx64, object->address);
	for (size_t i = 0; i < object->num_values; i++) {
		const struct iq_scene_value *v = &object->values[i];

		if (v->secret || !v->text.len)
			continue;
		iq_out_cstr(out, comma);
		iq_out_str(out, v->name);
		iq_out_char(out, ' ');
		iq_out_str(out, v->text);
		comma = ", ";
	}
	return put_referrers(out, arena, object);
}

struct iq_error *iq_crash_explain(const struct iq_model *model,
				  const struct iq_crash *crash, bool objects,
				  struct iq_arena *arena, struct iq_str *ret)
{
	struct iq_out out;
	struct iq_error *err = NULL;

	*ret = IQ_STR("");
	iq_out_init_memory(&out);
	put_cause(&out, model, crash);
	err = put_again(&out, arena, crash);
	if (!err && objects)
		err = put_object(&out, arena, crash);
	if (!err)
		err = iq_out_flush(&out);
	if (!err &&
	    !iq_str_dup(arena, (struct iq_str){ out.buf, out.len }, ret))
		err = &iq_enomem;
	iq_out_deinit(&out);
	return err;
}

const char *iq_crash_special_advice(const struct iq_model *model,
				    const struct iq_crash *crash)
{
	switch (crash->cause) {
	case IQ_CAUSE_BOUNDS:
		if (is_size(crash->text))
			return "check the length before the named line: where it was computed or read, and its sign";
		if (is_conversion(crash->text))
			return "check len() of the slice before the named line: it must be at least the array's";
		break;
	case IQ_CAUSE_ALL_ASLEEP:
		if (is_goexit(crash))
			return "let main return; who ends it by runtime.Goexit must have another goroutine end the process (os.Exit)";
		break;
	case IQ_CAUSE_C_FAULT:
		if (is_divide_in_c(model, crash))
			return "check the divisor for 0 in the C code, or what Go hands over to it";
		break;
	default:
		break;
	}
	return NULL;
}
