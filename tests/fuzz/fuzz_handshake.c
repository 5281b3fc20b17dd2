/*
 * Handshake and records between two sides: the input is the payload of every message and says how
 * each is changed on its way. Bytes that are not exactly the other side's are never accepted and
 * leave the state as it was; the right bytes are accepted afterwards. The keys are a hash of the
 * input: with the same keys for all inputs the fuzzer carries real messages from one to another.
 */
#include <string.h>
#include <sodium.h>
#include "../../proto/frame.h"
#include "../../proto/limits.h"
#include "../../proto/noise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 1024

struct world {
	struct tuy_noise caller, called;
	struct tuy_link_pk called_pk;
};

static void key_derive(struct tuy_secret *key, uint8_t number, struct tuy_bytes input)
{
	uint8_t which[crypto_generichash_KEYBYTES_MIN] = { number };
	tuy_require(crypto_generichash(key->b, sizeof key->b, input.p, input.len, which,
	                               sizeof which) == 0);
}

static void world_init(struct world *w, struct tuy_bytes input)
{
	static const uint8_t label[] = TUY_NOISE_PROLOGUE;
	struct tuy_bytes prologue = { label, sizeof label - 1 };
	struct tuy_secret key[4]; /* static and ephemeral, of the caller and of the called */
	memset(w, 0, sizeof *w);
	for (uint8_t i = 0; i < 4; i++)
		key_derive(&key[i], i, input);
	tuy_require(crypto_scalarmult_base(w->called_pk.b, key[2].b) == 0);
	tuy_noise_init_initiator(&w->caller, prologue, &key[0], &key[1], &w->called_pk);
	tuy_noise_init_responder(&w->called, prologue, &key[2], &key[3]);
}

static enum tuy_err message_create(struct tuy_noise *n, struct tuy_bytes in, uint8_t *out,
                                   size_t *len)
{
	switch (n->next) {
	case TUY_NOISE_CREATE_1:
		return tuy_noise_create_1(n, in, out, ROOM, len);
	case TUY_NOISE_CREATE_2:
		return tuy_noise_create_2(n, in, out, ROOM, len);
	case TUY_NOISE_CREATE_3:
		return tuy_noise_create_3(n, in, out, ROOM, len);
	case TUY_NOISE_NONE:
	case TUY_NOISE_CONSUME_1:
	case TUY_NOISE_CONSUME_2:
	case TUY_NOISE_CONSUME_3:
	case TUY_NOISE_TRANSPORT:
		break;
	}
	return tuy_noise_seal(n, in, out, ROOM, len);
}

static enum tuy_err message_consume(struct tuy_noise *n, struct tuy_bytes in, uint8_t *out,
                                    size_t *len)
{
	switch (n->next) {
	case TUY_NOISE_CONSUME_1:
		return tuy_noise_consume_1(n, in, out, ROOM, len);
	case TUY_NOISE_CONSUME_2:
		return tuy_noise_consume_2(n, in, out, ROOM, len);
	case TUY_NOISE_CONSUME_3:
		return tuy_noise_consume_3(n, in, out, ROOM, len);
	case TUY_NOISE_NONE:
	case TUY_NOISE_CREATE_1:
	case TUY_NOISE_CREATE_2:
	case TUY_NOISE_CREATE_3:
	case TUY_NOISE_TRANSPORT:
		break;
	}
	return tuy_noise_open(n, in, out, ROOM, len);
}

/* Gives `forged` to `to`: refused, unless it is `right`, and nothing has changed. */
static void forged_try(struct tuy_noise *to, struct tuy_bytes forged, struct tuy_bytes right)
{
	uint8_t got[ROOM];
	size_t len;
	struct tuy_noise before;
	if (forged.len == right.len && memcmp(forged.p, right.p, right.len) == 0)
		return;
	memcpy(&before, to, sizeof before);
	tuy_require(message_consume(to, forged, got, &len) == TUY_E_OPEN);
	tuy_require(memcmp(&before, to, sizeof before) == 0);
}

static void knock_try(const struct world *w, struct tuy_bytes message, struct tuy_bytes input)
{
	uint8_t frame[TUY_FRAME_1_SIZE];
	struct tuy_tag knock = tuy_noise_knock(&w->called_pk, message.p);
	memcpy(frame, knock.b, sizeof knock.b);
	memcpy(frame + sizeof knock.b, message.p, TUY_NOISE_1_SIZE);
	tuy_require(tuy_noise_knock_check(&w->called_pk, frame) == TUY_OK);
	for (size_t i = 0; i < input.len && i < sizeof frame; i++)
		frame[i] ^= input.p[i];
	bool changed =
		input.len > 0 &&
		!sodium_is_zero(input.p, input.len < sizeof frame ? input.len : sizeof frame);
	tuy_require((tuy_noise_knock_check(&w->called_pk, frame) == TUY_OK) == !changed);
}

/* One message from `from` to `to` with the input as payload, after attempts with changed ones. */
static void message_pass(const struct world *w, struct tuy_noise *from, struct tuy_noise *to,
                         struct tuy_bytes input)
{
	uint8_t wire[ROOM], forged[ROOM], got[ROOM];
	size_t wire_len, got_len;
	struct tuy_bytes payload = { input.p, from->next == TUY_NOISE_CREATE_1 ? 0 : input.len };
	bool is_first = from->next == TUY_NOISE_CREATE_1;
	tuy_require(message_create(from, payload, wire, &wire_len) == TUY_OK);
	struct tuy_bytes right = { wire, wire_len };
	if (is_first)
		knock_try(w, right, input);
	forged_try(to, input, right);
	memcpy(forged, wire, wire_len);
	for (size_t i = 0; i < input.len && i < wire_len; i++)
		forged[i] ^= input.p[i];
	forged_try(to, (struct tuy_bytes){ forged, wire_len }, right);
	if (input.len > 0)
		forged_try(to, (struct tuy_bytes){ wire, input.p[0] % wire_len }, right);
	tuy_require(message_consume(to, right, got, &got_len) == TUY_OK);
	tuy_require(got_len == payload.len);
	tuy_require(got_len == 0 || memcmp(got, payload.p, got_len) == 0);
	if (to->next == TUY_NOISE_TRANSPORT)
		forged_try(to, right, (struct tuy_bytes){ NULL, 0 }); /* not a second time */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w;
	if (size > 512)
		return 0;
	struct tuy_bytes input = { data, size };
	world_init(&w, input);
	message_pass(&w, &w.caller, &w.called, input);
	message_pass(&w, &w.called, &w.caller, input);
	message_pass(&w, &w.caller, &w.called, input);
	for (int i = 0; i < 2; i++) {
		message_pass(&w, &w.called, &w.caller, input);
		message_pass(&w, &w.caller, &w.called, input);
	}
	tuy_require(memcmp(tuy_noise_hash(&w.caller), tuy_noise_hash(&w.called), 32) == 0);
	tuy_noise_wipe(&w.caller);
	tuy_noise_wipe(&w.called);
	return 0;
}
