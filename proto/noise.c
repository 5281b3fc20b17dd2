#include "noise.h"
#include "limits.h"
#include <sodium.h>
#include <string.h>

static const char protocol_name[32] = "Noise_XK_25519_ChaChaPoly_SHA256";
static const char knock_domain[16] = "tuyau knock v1";

_Static_assert(TUY_NOISE_TAG == crypto_aead_chacha20poly1305_IETF_ABYTES, "tag");
_Static_assert(sizeof(struct tuy_hash) == crypto_hash_sha256_BYTES, "hash");
_Static_assert(sizeof(struct tuy_secret) == crypto_auth_hmacsha256_BYTES, "chaining key");
_Static_assert(sizeof(struct tuy_link_pk) == crypto_scalarmult_BYTES, "key");

/* HMAC-SHA256 of `a` and one last byte, which is left out if negative. */
static void hmac(uint8_t out[32], const struct tuy_secret *key, struct tuy_bytes a, int last)
{
	crypto_auth_hmacsha256_state state;
	uint8_t byte = (uint8_t)last;
	int bad = crypto_auth_hmacsha256_init(&state, key->b, sizeof key->b);
	if (a.len > 0)
		bad |= crypto_auth_hmacsha256_update(&state, a.p, a.len);
	if (last >= 0)
		bad |= crypto_auth_hmacsha256_update(&state, &byte, 1);
	bad |= crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof state);
	tuy_require(bad == 0);
}

/* Noise 4.3, HKDF(chaining_key, input_key_material, 2). `ck` may be `first`. */
static void hkdf_2(const struct tuy_secret *ck, struct tuy_bytes material, struct tuy_secret *first,
                   struct tuy_secret *second)
{
	struct tuy_secret temp;
	hmac(temp.b, ck, material, -1);
	hmac(first->b, &temp, (struct tuy_bytes){ NULL, 0 }, 1);
	hmac(second->b, &temp, (struct tuy_bytes){ first->b, sizeof first->b }, 2);
	sodium_memzero(&temp, sizeof temp);
}

static void nonce_fill(uint8_t nonce[12], uint64_t n)
{
	memset(nonce, 0, 4);
	for (unsigned int i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(n >> (8 * i));
}

/* Noise 4.2, ENCRYPT(k, n, ad, plaintext) to plaintext.len + 16 bytes at `out`. */
static void encrypt(const struct tuy_secret *k, uint64_t n, struct tuy_bytes ad,
                    struct tuy_bytes plaintext, uint8_t *out)
{
	uint8_t nonce[12];
	unsigned long long len;
	nonce_fill(nonce, n);
	int bad = crypto_aead_chacha20poly1305_ietf_encrypt(out, &len, plaintext.p, plaintext.len,
	                                                    ad.p, ad.len, NULL, nonce, k->b);
	tuy_require(bad == 0 && len == plaintext.len + TUY_NOISE_TAG);
}

/* Noise 4.2, DECRYPT(k, n, ad, ciphertext) to ciphertext.len - 16 bytes at `out`. */
static bool decrypt(const struct tuy_secret *k, uint64_t n, struct tuy_bytes ad,
                    struct tuy_bytes ciphertext, uint8_t *out)
{
	uint8_t nonce[12];
	unsigned long long len;
	nonce_fill(nonce, n);
	return crypto_aead_chacha20poly1305_ietf_decrypt(out, &len, NULL, ciphertext.p,
	                                                 ciphertext.len, ad.p, ad.len, nonce,
	                                                 k->b) == 0;
}

/* Noise 5.2, MixHash. */
static void hash_mix(struct tuy_noise *n, const void *p, size_t len)
{
	crypto_hash_sha256_state state;
	int bad = crypto_hash_sha256_init(&state);
	bad |= crypto_hash_sha256_update(&state, n->h.b, sizeof n->h.b);
	if (len > 0)
		bad |= crypto_hash_sha256_update(&state, p, len);
	bad |= crypto_hash_sha256_final(&state, n->h.b);
	tuy_require(bad == 0);
}

/* Noise 5.2, MixKey(DH(secret, public)). False if the public key is of low order. */
static bool dh_mix(struct tuy_noise *n, const struct tuy_secret *secret,
                   const struct tuy_link_pk *public)
{
	struct tuy_secret shared;
	bool ok = crypto_scalarmult(shared.b, secret->b, public->b) == 0 &&
	          !sodium_is_zero(shared.b, sizeof shared.b);
	if (ok) {
		hkdf_2(&n->ck, (struct tuy_bytes){ shared.b, sizeof shared.b }, &n->ck, &n->hand.k);
		n->hand.n = 0;
	}
	sodium_memzero(&shared, sizeof shared);
	return ok;
}

/* Noise 5.2, EncryptAndHash: text.len + 16 bytes to `out`. */
static void text_encrypt(struct tuy_noise *n, struct tuy_bytes text, uint8_t *out)
{
	encrypt(&n->hand.k, n->hand.n++, (struct tuy_bytes){ n->h.b, sizeof n->h.b }, text, out);
	hash_mix(n, out, text.len + TUY_NOISE_TAG);
}

/* Noise 5.2, DecryptAndHash: text.len - 16 bytes to `out`. */
static bool text_decrypt(struct tuy_noise *n, struct tuy_bytes text, uint8_t *out)
{
	if (!decrypt(&n->hand.k, n->hand.n++, (struct tuy_bytes){ n->h.b, sizeof n->h.b }, text,
	             out))
		return false;
	hash_mix(n, text.p, text.len);
	return true;
}

/* Noise 5.2, Split; what only the handshake needed is gone afterwards. */
static void split(struct tuy_noise *n, struct tuy_noise_cipher *from_initiator,
                  struct tuy_noise_cipher *from_responder)
{
	hkdf_2(&n->ck, (struct tuy_bytes){ NULL, 0 }, &from_initiator->k, &from_responder->k);
	from_initiator->n = from_responder->n = 0;
	n->next = TUY_NOISE_TRANSPORT;
	sodium_memzero(&n->s, sizeof n->s);
	sodium_memzero(&n->e, sizeof n->e);
	sodium_memzero(&n->ck, sizeof n->ck);
	sodium_memzero(&n->hand, sizeof n->hand);
}

static void init(struct tuy_noise *n, struct tuy_bytes prologue, const struct tuy_secret *s,
                 const struct tuy_secret *e)
{
	memset(n, 0, sizeof *n);
	memcpy(n->h.b, protocol_name, sizeof n->h.b);
	memcpy(n->ck.b, protocol_name, sizeof n->ck.b);
	n->s = *s;
	n->e = *e;
	int bad = crypto_scalarmult_base(n->s_pk.b, s->b) | crypto_scalarmult_base(n->e_pk.b, e->b);
	tuy_require(bad == 0);
	hash_mix(n, prologue.p, prologue.len);
}

/* The step succeeded: what was done to the copy becomes the state. */
static void commit(struct tuy_noise *n, struct tuy_noise *copy, size_t *len, size_t done)
{
	*n = *copy;
	*len = done;
	sodium_memzero(copy, sizeof *copy);
}

static enum tuy_err give_up(struct tuy_noise *copy, enum tuy_err err)
{
	sodium_memzero(copy, sizeof *copy);
	return err;
}

/* Before a message of `base` bytes and a payload is written: is it small enough, is there room? */
static enum tuy_err create_check(size_t base, struct tuy_bytes payload, size_t cap)
{
	if (payload.len > TUY_FRAME_MAX - base)
		return TUY_E_LIMIT;
	return cap < base + payload.len ? TUY_E_FULL : TUY_OK;
}

static enum tuy_err consume_check(size_t base, struct tuy_bytes message, size_t cap)
{
	if (message.len < base || message.len > TUY_FRAME_MAX)
		return TUY_E_OPEN;
	return cap < message.len - base ? TUY_E_FULL : TUY_OK;
}

static struct tuy_bytes rest_of(struct tuy_bytes message, size_t from)
{
	return (struct tuy_bytes){ message.p + from, message.len - from };
}

/* Noise 4.2 and 11.3: REKEY when the number of records says so. */
static void record_count(struct tuy_noise_cipher *c)
{
	static const uint8_t zeros[32];
	uint8_t fresh[32 + TUY_NOISE_TAG];
	if (++c->n % TUY_REKEY_RECORDS != 0)
		return;
	encrypt(&c->k, UINT64_MAX, (struct tuy_bytes){ NULL, 0 },
	        (struct tuy_bytes){ zeros, sizeof zeros }, fresh);
	memcpy(c->k.b, fresh, sizeof c->k.b);
	sodium_memzero(fresh, sizeof fresh);
}

static void knock_fill(uint8_t knock[16], const struct tuy_link_pk *called,
                       const uint8_t *message_1)
{
	crypto_generichash_state state;
	uint8_t key[32];
	int bad = crypto_generichash_init(&state, NULL, 0, sizeof key);
	bad |= crypto_generichash_update(&state, (const uint8_t *)knock_domain,
	                                 sizeof knock_domain);
	bad |= crypto_generichash_update(&state, called->b, sizeof called->b);
	bad |= crypto_generichash_final(&state, key, sizeof key);
	bad |= crypto_generichash(knock, 16, message_1, TUY_NOISE_1_SIZE, key, sizeof key);
	tuy_require(bad == 0);
}

void tuy_noise_init_initiator(struct tuy_noise *n, struct tuy_bytes prologue,
                              const struct tuy_secret *s, const struct tuy_secret *e,
                              const struct tuy_link_pk *rs)
{
	init(n, prologue, s, e);
	n->rs = *rs;
	hash_mix(n, rs->b, sizeof rs->b); /* <- s */
	n->next = TUY_NOISE_CREATE_1;
}

void tuy_noise_init_responder(struct tuy_noise *n, struct tuy_bytes prologue,
                              const struct tuy_secret *s, const struct tuy_secret *e)
{
	init(n, prologue, s, e);
	hash_mix(n, n->s_pk.b, sizeof n->s_pk.b); /* <- s */
	n->next = TUY_NOISE_CONSUME_1;
}

enum tuy_err tuy_noise_create_1(struct tuy_noise *n, struct tuy_bytes payload, uint8_t *out,
                                size_t cap, size_t *len)
{
	tuy_require(n->next == TUY_NOISE_CREATE_1);
	enum tuy_err err = create_check(TUY_NOISE_1_SIZE, payload, cap);
	if (err)
		return err;
	struct tuy_noise copy = *n;
	/* e */
	memcpy(out, copy.e_pk.b, 32);
	hash_mix(&copy, out, 32);
	/* es */
	if (!dh_mix(&copy, &copy.e, &copy.rs))
		return give_up(&copy, TUY_E_REFUSED);
	text_encrypt(&copy, payload, out + 32);
	copy.next = TUY_NOISE_CONSUME_2;
	commit(n, &copy, len, TUY_NOISE_1_SIZE + payload.len);
	return TUY_OK;
}

enum tuy_err tuy_noise_consume_1(struct tuy_noise *n, struct tuy_bytes message, uint8_t *out,
                                 size_t cap, size_t *len)
{
	tuy_require(n->next == TUY_NOISE_CONSUME_1);
	enum tuy_err err = consume_check(TUY_NOISE_1_SIZE, message, cap);
	if (err)
		return err;
	struct tuy_noise copy = *n;
	/* e */
	memcpy(copy.re.b, message.p, 32);
	hash_mix(&copy, message.p, 32);
	/* es */
	if (!dh_mix(&copy, &copy.s, &copy.re))
		return give_up(&copy, TUY_E_OPEN);
	if (!text_decrypt(&copy, rest_of(message, 32), out))
		return give_up(&copy, TUY_E_OPEN);
	copy.next = TUY_NOISE_CREATE_2;
	commit(n, &copy, len, message.len - TUY_NOISE_1_SIZE);
	return TUY_OK;
}

enum tuy_err tuy_noise_create_2(struct tuy_noise *n, struct tuy_bytes payload, uint8_t *out,
                                size_t cap, size_t *len)
{
	tuy_require(n->next == TUY_NOISE_CREATE_2);
	enum tuy_err err = create_check(TUY_NOISE_2_SIZE, payload, cap);
	if (err)
		return err;
	struct tuy_noise copy = *n;
	/* e */
	memcpy(out, copy.e_pk.b, 32);
	hash_mix(&copy, out, 32);
	/* ee */
	if (!dh_mix(&copy, &copy.e, &copy.re))
		return give_up(&copy, TUY_E_REFUSED);
	text_encrypt(&copy, payload, out + 32);
	copy.h_2 = copy.h;
	copy.next = TUY_NOISE_CONSUME_3;
	commit(n, &copy, len, TUY_NOISE_2_SIZE + payload.len);
	return TUY_OK;
}

enum tuy_err tuy_noise_consume_2(struct tuy_noise *n, struct tuy_bytes message, uint8_t *out,
                                 size_t cap, size_t *len)
{
	tuy_require(n->next == TUY_NOISE_CONSUME_2);
	enum tuy_err err = consume_check(TUY_NOISE_2_SIZE, message, cap);
	if (err)
		return err;
	struct tuy_noise copy = *n;
	/* e */
	memcpy(copy.re.b, message.p, 32);
	hash_mix(&copy, message.p, 32);
	/* ee */
	if (!dh_mix(&copy, &copy.e, &copy.re))
		return give_up(&copy, TUY_E_OPEN);
	if (!text_decrypt(&copy, rest_of(message, 32), out))
		return give_up(&copy, TUY_E_OPEN);
	copy.h_2 = copy.h;
	copy.next = TUY_NOISE_CREATE_3;
	commit(n, &copy, len, message.len - TUY_NOISE_2_SIZE);
	return TUY_OK;
}

enum tuy_err tuy_noise_create_3(struct tuy_noise *n, struct tuy_bytes payload, uint8_t *out,
                                size_t cap, size_t *len)
{
	tuy_require(n->next == TUY_NOISE_CREATE_3);
	enum tuy_err err = create_check(TUY_NOISE_3_SIZE, payload, cap);
	if (err)
		return err;
	struct tuy_noise copy = *n;
	/* s */
	text_encrypt(&copy, (struct tuy_bytes){ copy.s_pk.b, 32 }, out);
	/* se */
	if (!dh_mix(&copy, &copy.s, &copy.re))
		return give_up(&copy, TUY_E_REFUSED);
	text_encrypt(&copy, payload, out + 32 + TUY_NOISE_TAG);
	split(&copy, &copy.tx, &copy.rx);
	commit(n, &copy, len, TUY_NOISE_3_SIZE + payload.len);
	return TUY_OK;
}

enum tuy_err tuy_noise_consume_3(struct tuy_noise *n, struct tuy_bytes message, uint8_t *out,
                                 size_t cap, size_t *len)
{
	tuy_require(n->next == TUY_NOISE_CONSUME_3);
	enum tuy_err err = consume_check(TUY_NOISE_3_SIZE, message, cap);
	if (err)
		return err;
	struct tuy_noise copy = *n;
	/* s */
	if (!text_decrypt(&copy, (struct tuy_bytes){ message.p, 32 + TUY_NOISE_TAG }, copy.rs.b))
		return give_up(&copy, TUY_E_OPEN);
	/* se */
	if (!dh_mix(&copy, &copy.e, &copy.rs))
		return give_up(&copy, TUY_E_OPEN);
	if (!text_decrypt(&copy, rest_of(message, 32 + TUY_NOISE_TAG), out))
		return give_up(&copy, TUY_E_OPEN);
	split(&copy, &copy.rx, &copy.tx);
	commit(n, &copy, len, message.len - TUY_NOISE_3_SIZE);
	return TUY_OK;
}

const struct tuy_hash *tuy_noise_hash_after_2(const struct tuy_noise *n)
{
	tuy_require(n->next >= TUY_NOISE_CREATE_3);
	return &n->h_2;
}

const struct tuy_hash *tuy_noise_hash(const struct tuy_noise *n)
{
	tuy_require(n->next == TUY_NOISE_TRANSPORT);
	return &n->h;
}

const struct tuy_link_pk *tuy_noise_remote_static(const struct tuy_noise *n)
{
	tuy_require(n->next == TUY_NOISE_CREATE_1 || n->next == TUY_NOISE_CONSUME_2 ||
	            n->next == TUY_NOISE_CREATE_3 || n->next == TUY_NOISE_TRANSPORT);
	return &n->rs;
}

enum tuy_err tuy_noise_seal(struct tuy_noise *n, struct tuy_bytes plaintext, uint8_t *out,
                            size_t cap, size_t *len)
{
	tuy_require(n->next == TUY_NOISE_TRANSPORT);
	if (plaintext.len > TUY_RECORD_MAX || n->tx.n == UINT64_MAX)
		return TUY_E_LIMIT;
	if (cap < plaintext.len + TUY_NOISE_TAG)
		return TUY_E_FULL;
	encrypt(&n->tx.k, n->tx.n, (struct tuy_bytes){ NULL, 0 }, plaintext, out);
	*len = plaintext.len + TUY_NOISE_TAG;
	record_count(&n->tx);
	return TUY_OK;
}

enum tuy_err tuy_noise_open(struct tuy_noise *n, struct tuy_bytes record, uint8_t *out, size_t cap,
                            size_t *len)
{
	tuy_require(n->next == TUY_NOISE_TRANSPORT);
	if (record.len < TUY_NOISE_TAG || record.len > TUY_FRAME_MAX)
		return TUY_E_OPEN;
	if (n->rx.n == UINT64_MAX)
		return TUY_E_LIMIT;
	if (cap < record.len - TUY_NOISE_TAG)
		return TUY_E_FULL;
	if (!decrypt(&n->rx.k, n->rx.n, (struct tuy_bytes){ NULL, 0 }, record, out))
		return TUY_E_OPEN;
	*len = record.len - TUY_NOISE_TAG;
	record_count(&n->rx);
	return TUY_OK;
}

void tuy_noise_wipe(struct tuy_noise *n)
{
	sodium_memzero(n, sizeof *n);
}

struct tuy_tag tuy_noise_knock(const struct tuy_link_pk *called,
                               const uint8_t message_1[TUY_NOISE_1_SIZE])
{
	struct tuy_tag knock;
	knock_fill(knock.b, called, message_1);
	return knock;
}

enum tuy_err tuy_noise_knock_check(const struct tuy_link_pk *called,
                                   const uint8_t frame_1[16 + TUY_NOISE_1_SIZE])
{
	struct tuy_tag right;
	knock_fill(right.b, called, frame_1 + sizeof right.b);
	return sodium_memcmp(frame_1, right.b, sizeof right.b) == 0 ? TUY_OK : TUY_E_OPEN;
}
