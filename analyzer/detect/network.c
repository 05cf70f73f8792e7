/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/network.h"

#include "detect/sift.h"

/*
 * All functions of a row must be on the stack.
 * Go: src/net/http/server.go, transport.go, h2_bundle.go, 1.18 - 1.27;
 * google.golang.org/grpc/internal/transport.
 */
static const struct {
	const char *functions[2];
} keep_alive[] = {
	{ { "net/http.(*conn).serve", "net/http.(*conn).readRequest" } },
	{ { "net/http.(*conn).serve", "bufio.(*Reader).Peek" } },
	{ { "net/http.(*connReader).backgroundRead", NULL } },
	{ { "net/http.(*persistConn).readLoop", "bufio.(*Reader).Peek" } },
	{ { "net/http.(*persistConn).writeLoop", NULL } },
	{ { "net/http.(*http2serverConn).readFrames", NULL } },
	{ { "net/http.(*http2serverConn).serve", NULL } },
	{ { "net/http.(*http2ClientConn).readLoop", NULL } },
	{ { "google.golang.org/grpc/internal/transport.(*controlBuffer).get",
	    NULL } },
	{ { "google.golang.org/grpc/internal/transport.(*http2Server)."
	    "HandleStreams",
	    NULL } },
	{ { "google.golang.org/grpc/internal/transport.(*http2Client).reader",
	    NULL } },
};

bool iq_stack_is_keep_alive(const struct iq_stack *stack,
			    enum iq_wait_class class)
{
	if (class != IQ_CLASS_IO && class != IQ_CLASS_SELECT)
		return false;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(keep_alive); i++) {
		const char *const *f = keep_alive[i].functions;

		if (iq_stack_calls(stack, f[0]) &&
		    (!f[1] || iq_stack_calls(stack, f[1])))
			return true;
	}
	return false;
}

bool iq_goroutine_is_keep_alive(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	return iq_stack_is_keep_alive(g->fact->stack, g->class);
}

/* Go: src/net/http/server.go, 1.18 - 1.27: who calls the handler. */
static const char *const handler_callers[] = {
	"net/http.serverHandler.ServeHTTP",
	"net/http.HandlerFunc.ServeHTTP",
	"net/http.(*ServeMux).ServeHTTP",
};

bool iq_stack_handles_request(const struct iq_stack *stack)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(handler_callers); i++) {
		if (iq_stack_calls(stack, handler_callers[i]))
			return true;
	}
	return false;
}
