#include "hash.h"
#include <sodium.h>
#include <string.h>

#define DOMAIN_SIZE 16

static void domain_pad(const char *domain, uint8_t out[DOMAIN_SIZE])
{
	size_t len = strlen(domain);
	tuy_require(len <= DOMAIN_SIZE);
	memset(out, 0, DOMAIN_SIZE);
	memcpy(out, domain, len);
}

static int part_add(crypto_generichash_state *state, struct tuy_bytes part)
{
	return part.len == 0 ? 0 : crypto_generichash_update(state, part.p, part.len);
}

/* domain16 ‖ a ‖ b into `out`; false if a ‖ b is longer than TUY_SIGNED_MAX. */
static bool signed_join(const char *domain, struct tuy_bytes a, struct tuy_bytes b,
                        uint8_t out[DOMAIN_SIZE + TUY_SIGNED_MAX], size_t *len)
{
	if (a.len > TUY_SIGNED_MAX || b.len > TUY_SIGNED_MAX - a.len)
		return false;
	domain_pad(domain, out);
	if (a.len > 0)
		memcpy(out + DOMAIN_SIZE, a.p, a.len);
	if (b.len > 0)
		memcpy(out + DOMAIN_SIZE + a.len, b.p, b.len);
	*len = DOMAIN_SIZE + a.len + b.len;
	return true;
}

/* The value of a base32 character, 32 for one to be skipped, 33 for a wrong one. */
enum { BASE32_SKIP = 32, BASE32_WRONG = 33 };
static unsigned int base32_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned int)c - 'A';
	if (c >= 'a' && c <= 'z')
		return (unsigned int)c - 'a';
	if (c >= '2' && c <= '7')
		return (unsigned int)c - '2' + 26;
	if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '-')
		return BASE32_SKIP;
	return BASE32_WRONG;
}

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The value of a Crockford character as people type it, or 32. */
static unsigned int crockford_value(uint8_t c)
{
	if (c >= 'a' && c <= 'z')
		c = (uint8_t)(c - 'a' + 'A');
	if (c == 'I' || c == 'L')
		c = '1';
	if (c == 'O')
		c = '0';
	unsigned int value = 0;
	while (value < 32 && (uint8_t)crockford[value] != c)
		value++;
	return value;
}

/* 16 values of 5 bits into the 80 bits of an object id. */
static struct tuy_object object_pack(const uint8_t values[16])
{
	struct tuy_object id;
	for (unsigned int half = 0; half < 2; half++) {
		uint64_t bits = 0;
		for (unsigned int i = 0; i < 8; i++)
			bits = bits << 5 | values[8 * half + i];
		for (unsigned int i = 0; i < 5; i++)
			id.b[5 * half + i] = (uint8_t)(bits >> (32 - 8 * i));
	}
	return id;
}

struct tuy_hash tuy_hash(const char *domain, struct tuy_bytes a, struct tuy_bytes b,
                         struct tuy_bytes c)
{
	uint8_t domain16[DOMAIN_SIZE];
	crypto_generichash_state state;
	struct tuy_hash hash;
	domain_pad(domain, domain16);
	int bad = crypto_generichash_init(&state, NULL, 0, sizeof hash.b);
	bad |= crypto_generichash_update(&state, domain16, sizeof domain16);
	bad |= part_add(&state, a);
	bad |= part_add(&state, b);
	bad |= part_add(&state, c);
	bad |= crypto_generichash_final(&state, hash.b, sizeof hash.b);
	tuy_require(bad == 0);
	sodium_memzero(&state, sizeof state);
	return hash;
}

struct tuy_secret tuy_kdf(const struct tuy_secret *key, const char *context, uint64_t id)
{
	struct tuy_secret derived;
	tuy_require(strlen(context) == crypto_kdf_CONTEXTBYTES);
	int bad = crypto_kdf_derive_from_key(derived.b, sizeof derived.b, id, context, key->b);
	tuy_require(bad == 0);
	return derived;
}

struct tuy_sig tuy_sign(const uint8_t secret_key[64], const char *domain, struct tuy_bytes a,
                        struct tuy_bytes b)
{
	uint8_t text[DOMAIN_SIZE + TUY_SIGNED_MAX];
	size_t len;
	struct tuy_sig sig;
	bool fits = signed_join(domain, a, b, text, &len);
	tuy_require(fits);
	int bad = crypto_sign_detached(sig.b, NULL, text, len, secret_key);
	tuy_require(bad == 0);
	return sig;
}

enum tuy_err tuy_verify(const uint8_t public_key[32], const char *domain, struct tuy_bytes a,
                        struct tuy_bytes b, const struct tuy_sig *sig)
{
	uint8_t text[DOMAIN_SIZE + TUY_SIGNED_MAX];
	size_t len;
	if (!signed_join(domain, a, b, text, &len))
		return TUY_E_SIGNATURE;
	if (crypto_sign_verify_detached(sig->b, text, len, public_key) != 0)
		return TUY_E_SIGNATURE;
	return TUY_OK;
}

/* One call is one ChaCha20 stream (the 64-bit nonce) under the seed; the nonce is the counter, big
 * endian, before it moves on. */
void tuy_dice_fill(struct tuy_dice *dice, void *out, size_t len)
{
	uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
	tuy_put64(nonce, dice->counter++);
	if (len == 0)
		return;
	int bad = crypto_stream_chacha20(out, len, nonce, dice->seed.b);
	tuy_require(bad == 0);
}

/* Each draw is 8 bytes of a stream of its own, big endian; those above the last whole multiple of
 * `bound` are drawn again. */
uint64_t tuy_dice_below(struct tuy_dice *dice, uint64_t bound)
{
	uint8_t bytes[8];
	uint64_t value;
	tuy_require(bound >= 1);
	uint64_t last = UINT64_MAX - (UINT64_MAX % bound + 1) % bound;
	do {
		tuy_dice_fill(dice, bytes, sizeof bytes);
		value = tuy_get64(bytes);
	} while (value > last);
	sodium_memzero(bytes, sizeof bytes);
	return value % bound;
}

void tuy_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void tuy_put32(uint8_t *p, uint32_t v)
{
	tuy_put16(p, (uint16_t)(v >> 16));
	tuy_put16(p + 2, (uint16_t)v);
}

void tuy_put64(uint8_t *p, uint64_t v)
{
	tuy_put32(p, (uint32_t)(v >> 32));
	tuy_put32(p + 4, (uint32_t)v);
}

uint16_t tuy_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t tuy_get32(const uint8_t *p)
{
	return (uint32_t)tuy_get16(p) << 16 | tuy_get16(p + 2);
}

uint64_t tuy_get64(const uint8_t *p)
{
	return (uint64_t)tuy_get32(p) << 32 | tuy_get32(p + 4);
}

void tuy_base32_encode(struct tuy_bytes in, char *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned int bits = 0, held = 0; /* `held` bits not written yet, at the low end */
	for (size_t i = 0; i < in.len; i++) {
		bits = (bits << 8 | in.p[i]) & 0xfff;
		held += 8;
		while (held >= 5) {
			held -= 5;
			*out++ = alphabet[bits >> held & 31];
		}
	}
	if (held > 0)
		*out++ = alphabet[bits << (5 - held) & 31];
	*out = '\0';
}

enum tuy_err tuy_base32_decode(struct tuy_bytes text, uint8_t *out, size_t cap, size_t *len)
{
	size_t count = 0; /* characters that carry bits */
	unsigned int last = 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned int value = base32_value(text.p[i]);
		if (value == BASE32_WRONG)
			return TUY_E_FORMAT;
		if (value == BASE32_SKIP)
			continue;
		last = value;
		count++;
	}
	size_t size = count / 8 * 5 + count % 8 * 5 / 8;
	size_t trailing = count % 8 * 5 % 8;
	if (trailing >= 5 || (last & ((1U << trailing) - 1)) != 0)
		return TUY_E_FORMAT;
	if (size > cap)
		return TUY_E_FULL;
	unsigned int bits = 0, held = 0;
	uint8_t *end = out;
	for (size_t i = 0; i < text.len; i++) {
		unsigned int value = base32_value(text.p[i]);
		if (value == BASE32_SKIP)
			continue;
		bits = (bits << 5 | value) & 0xfff;
		held += 5;
		if (held >= 8) {
			held -= 8;
			*end++ = (uint8_t)(bits >> held);
		}
	}
	*len = size;
	return TUY_OK;
}

enum tuy_err tuy_base32_prefix(struct tuy_bytes *text, const char *prefix)
{
	size_t at = 0;
	for (const char *wanted = prefix; *wanted; wanted++) {
		while (at < text->len && base32_value(text->p[at]) == BASE32_SKIP)
			at++;
		if (at == text->len)
			return TUY_E_SHORT;
		uint8_t c = text->p[at++];
		if (c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 'a' + 'A');
		if (c != (uint8_t)*wanted)
			return TUY_E_FORMAT;
	}
	*text = (struct tuy_bytes){ text->p + at, text->len - at };
	return TUY_OK;
}

void tuy_object_text(const struct tuy_object *id, char out[TUY_OBJECT_TEXT])
{
	for (unsigned int half = 0; half < 2; half++) {
		uint64_t bits = 0;
		for (unsigned int i = 0; i < 5; i++)
			bits = bits << 8 | id->b[5 * half + i];
		for (unsigned int i = 0; i < 8; i++)
			out[8 * half + i] = crockford[bits >> (35 - 5 * i) & 31];
	}
	out[TUY_OBJECT_TEXT - 1] = '\0';
}

enum tuy_err tuy_object_range(struct tuy_bytes text, struct tuy_object *lowest,
                              struct tuy_object *highest)
{
	uint8_t low[16] = { 0 }, high[16];
	memset(high, 31, sizeof high);
	if (text.len < 1 || text.len > sizeof low)
		return TUY_E_FORMAT;
	for (size_t i = 0; i < text.len; i++) {
		unsigned int value = crockford_value(text.p[i]);
		if (value == 32)
			return TUY_E_FORMAT;
		low[i] = high[i] = (uint8_t)value;
	}
	*lowest = object_pack(low);
	*highest = object_pack(high);
	return TUY_OK;
}
