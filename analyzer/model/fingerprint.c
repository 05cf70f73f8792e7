/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fingerprint.h"

#include <sha2.h>

#include "model/signature.h"

static void hash(SHA2_CTX *ctx, struct iq_str s)
{
	SHA256Update(ctx, (const uint8_t *)s.ptr, s.len);
}

static struct iq_error *hash_function(SHA2_CTX *ctx, struct iq_arena *arena,
				      const struct iq_frame *frame)
{
	struct iq_str name = IQ_STR("");
	struct iq_error *err = NULL;

	if (frame)
		err = iq_function_canonical(arena, frame->function, true,
					    &name);
	if (err)
		return err;
	hash(ctx, name);
	hash(ctx, IQ_STR("\n"));
	return NULL;
}

struct iq_error *iq_fingerprint_make(struct iq_arena *arena,
				     struct iq_finding *finding)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct iq_error *err;
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	hash(&ctx, IQ_STR("inquest/v1\n"));
	hash(&ctx, iq_str_of(finding->rule));
	hash(&ctx, IQ_STR("\n"));
	hash(&ctx, iq_str_of(finding->kind));
	hash(&ctx, IQ_STR("\n"));
	err = hash_function(&ctx, arena, finding->site);
	if (!err)
		err = hash_function(&ctx, arena, finding->created_by);
	if (err)
		return err;
	hash(&ctx, finding->key);
	SHA256Final(digest, &ctx);

	for (size_t i = 0; i < IQ_FINGERPRINT_LEN / 2; i++) {
		finding->fingerprint[2 * i] =
			"0123456789abcdef"[digest[i] >> 4];
		finding->fingerprint[2 * i + 1] =
			"0123456789abcdef"[digest[i] & 15];
	}
	finding->fingerprint[IQ_FINGERPRINT_LEN] = 0;
	return NULL;
}
