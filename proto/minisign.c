#include "minisign.h"
#include <sodium.h>
#include <string.h>

#define KEY_LEN    42 /* algorithm, id, key */
#define SIG_LEN    74 /* algorithm, id, signature */
#define BASE64_MAX 100
#define HASH_LEN   64

#define UNTRUSTED "untrusted comment: "
#define TRUSTED   "trusted comment: "

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- base64 ---- */

static void base64_write(const uint8_t *bytes, size_t len, char *out)
{
	size_t at = 0;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16;
		group |= i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0;
		group |= i + 2 < len ? bytes[i + 2] : 0;
		out[at++] = alphabet[group >> 18];
		out[at++] = alphabet[group >> 12 & 63];
		out[at++] = i + 1 < len ? alphabet[group >> 6 & 63] : '=';
		out[at++] = i + 2 < len ? alphabet[group & 63] : '=';
	}
	out[at] = '\0';
}

static uint32_t digit_read(uint8_t c)
{
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);
	return at ? (uint32_t)(at - alphabet) : UINT32_MAX;
}

/* Exactly `len` bytes in their one form. TUY_E_SHORT: whole digits, but too few of them. */
static enum tuy_err base64_read(struct tuy_bytes text, uint8_t *out, size_t len)
{
	char again[4 * (BASE64_MAX / 3) + 1];
	size_t chars = (len + 2) / 3 * 4;
	size_t at = 0;
	uint32_t bits = 0;
	tuy_require(len <= BASE64_MAX - 3);
	for (size_t i = 0; i < text.len && i < chars && text.p[i] != '='; i++) {
		uint32_t digit = digit_read(text.p[i]);
		if (digit == UINT32_MAX)
			return TUY_E_FORMAT;
		bits = bits << 6 | digit;
		if (i % 4 != 0 && at < len)
			out[at++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	if (text.len != chars || at != len)
		return text.len < chars ? TUY_E_SHORT : TUY_E_FORMAT;
	base64_write(out, len, again);
	return memcmp(again, text.p, chars) == 0 ? TUY_OK : TUY_E_FORMAT;
}

/* ---- lines ---- */

/* Takes the next line off `rest`, without its end; false if there is none. */
static bool line_take(struct tuy_bytes *rest, struct tuy_bytes *line)
{
	if (rest->len == 0)
		return false;
	const uint8_t *end = memchr(rest->p, '\n', rest->len);
	size_t len = end ? (size_t)(end - rest->p) : rest->len;
	*line = (struct tuy_bytes){ rest->p, len };
	rest->p += end ? len + 1 : len;
	rest->len -= end ? len + 1 : len;
	while (line->len > 0 && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* Takes `prefix` off the beginning of a line. */
static enum tuy_err prefix_take(struct tuy_bytes *line, const char *prefix)
{
	size_t len = strlen(prefix);
	size_t same = line->len < len ? line->len : len;
	if (same > 0 && memcmp(line->p, prefix, same) != 0)
		return TUY_E_FORMAT;
	if (same < len)
		return TUY_E_SHORT;
	line->p += len;
	line->len -= len;
	return TUY_OK;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct tuy_bytes trim(struct tuy_bytes text)
{
	while (text.len > 0 && is_blank(text.p[0])) {
		text.p++;
		text.len--;
	}
	while (text.len > 0 && is_blank(text.p[text.len - 1]))
		text.len--;
	return text;
}

/* ---- signing and checking ---- */

static void file_hash(struct tuy_bytes file, uint8_t hash[HASH_LEN])
{
	crypto_generichash_state state;
	int rc = crypto_generichash_init(&state, NULL, 0, HASH_LEN);
	if (file.len > 0)
		rc |= crypto_generichash_update(&state, file.p, file.len);
	rc |= crypto_generichash_final(&state, hash, HASH_LEN);
	tuy_require(rc == 0);
}

/* What the global signature is over; the length. */
static size_t global_text(const struct tuy_sig *sig, struct tuy_bytes trusted,
                          uint8_t out[sizeof sig->b + TUY_MINISIGN_TRUSTED_MAX])
{
	memcpy(out, sig->b, sizeof sig->b);
	if (trusted.len > 0)
		memcpy(out + sizeof sig->b, trusted.p, trusted.len);
	return sizeof sig->b + trusted.len;
}

static enum tuy_err second_line_read(struct tuy_bytes line, struct tuy_minisign *sign)
{
	uint8_t bytes[SIG_LEN];
	enum tuy_err err = base64_read(line, bytes, sizeof bytes);
	if (err)
		return err;
	if (memcmp(bytes, "ED", 2) != 0 && memcmp(bytes, "Ed", 2) != 0)
		return TUY_E_FORMAT;
	sign->form = bytes[1] == 'D' ? TUY_MINISIGN_PREHASHED : TUY_MINISIGN_LEGACY;
	memcpy(sign->key_id, bytes + 2, sizeof sign->key_id);
	memcpy(sign->sig.b, bytes + 10, sizeof sign->sig.b);
	return TUY_OK;
}

struct tuy_minisign_key tuy_minisign_key(const struct tuy_letter_pk *pk)
{
	struct tuy_minisign_key key = { .pk = *pk };
	/* PROTOCOL 10.2: "BLAKE2b with 8 bytes of output, without key, of the public key" */
	int rc = crypto_generichash(key.id, sizeof key.id, pk->b, sizeof pk->b, NULL, 0);
	tuy_require(rc == 0);
	return key;
}

void tuy_minisign_key_text(const struct tuy_minisign_key *key, char out[TUY_MINISIGN_KEY_TEXT])
{
	uint8_t bytes[KEY_LEN];
	memcpy(bytes, "Ed", 2);
	memcpy(bytes + 2, key->id, sizeof key->id);
	memcpy(bytes + 10, key->pk.b, sizeof key->pk.b);
	base64_write(bytes, sizeof bytes, out);
}

enum tuy_err tuy_minisign_key_parse(struct tuy_bytes text, struct tuy_minisign_key *key)
{
	uint8_t bytes[KEY_LEN];
	struct tuy_bytes line;
	struct tuy_bytes rest = trim(text);
	struct tuy_bytes comment = rest;
	if (prefix_take(&comment, UNTRUSTED) == TUY_OK)
		(void)line_take(&rest, &line);
	if (base64_read(trim(rest), bytes, sizeof bytes) != TUY_OK || memcmp(bytes, "Ed", 2) != 0)
		return TUY_E_FORMAT;
	memcpy(key->id, bytes + 2, sizeof key->id);
	memcpy(key->pk.b, bytes + 10, sizeof key->pk.b);
	return TUY_OK;
}

bool tuy_minisign_key_equal(const struct tuy_minisign_key *a, const struct tuy_minisign_key *b)
{
	return memcmp(a->id, b->id, sizeof a->id) == 0 &&
	       memcmp(a->pk.b, b->pk.b, sizeof a->pk.b) == 0;
}

enum tuy_err tuy_minisign_parse(struct tuy_bytes file, struct tuy_minisign *sign)
{
	struct tuy_bytes line[4];
	struct tuy_bytes rest = file;
	size_t count = 0;
	while (count < 4 && line_take(&rest, &line[count]))
		count++;
	if (count == 0)
		return TUY_E_SHORT;
	enum tuy_err err = prefix_take(&line[0], UNTRUSTED);
	if (!err && line[0].len > TUY_MINISIGN_UNTRUSTED_MAX)
		err = TUY_E_LIMIT;
	if (!err)
		err = count < 2 ? TUY_E_SHORT : second_line_read(line[1], sign);
	if (!err)
		err = count < 3 ? TUY_E_SHORT : prefix_take(&line[2], TRUSTED);
	if (!err && line[2].len > TUY_MINISIGN_TRUSTED_MAX)
		err = TUY_E_LIMIT;
	if (!err)
		err = count < 4 ? TUY_E_SHORT
		                : base64_read(line[3], sign->global.b, sizeof sign->global.b);
	if (!err && rest.len > 0)
		err = TUY_E_FORMAT;
	if (!err)
		sign->trusted = line[2];
	return err;
}

enum tuy_err tuy_minisign_check(const struct tuy_minisign *sign, const struct tuy_minisign_key *key,
                                struct tuy_bytes file)
{
	static const uint8_t nothing[1];
	uint8_t hash[HASH_LEN];
	uint8_t global[sizeof sign->sig.b + TUY_MINISIGN_TRUSTED_MAX];
	struct tuy_bytes signed_bytes = file.len > 0 ? file : (struct tuy_bytes){ nothing, 0 };
	if (memcmp(sign->key_id, key->id, sizeof key->id) != 0)
		return TUY_E_UNKNOWN;
	if (sign->form == TUY_MINISIGN_PREHASHED) {
		file_hash(file, hash);
		signed_bytes = (struct tuy_bytes){ hash, sizeof hash };
	}
	if (crypto_sign_verify_detached(sign->sig.b, signed_bytes.p, signed_bytes.len, key->pk.b) !=
	    0)
		return TUY_E_COMMIT;
	size_t len = global_text(&sign->sig, sign->trusted, global);
	if (crypto_sign_verify_detached(sign->global.b, global, len, key->pk.b) != 0)
		return TUY_E_SIGNATURE;
	return TUY_OK;
}

/* Appends to `out`; the caller has made sure of the room. */
static size_t append(uint8_t *out, size_t at, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(out + at, bytes, len);
	return at + len;
}

enum tuy_err tuy_minisign_write(const uint8_t sk[64], struct tuy_bytes file,
                                struct tuy_bytes untrusted, struct tuy_bytes trusted, uint8_t *out,
                                size_t out_size, size_t *len)
{
	uint8_t hash[HASH_LEN];
	uint8_t bytes[SIG_LEN];
	uint8_t text[sizeof(struct tuy_sig) + TUY_MINISIGN_TRUSTED_MAX];
	char second[BASE64_MAX + 4];
	char fourth[BASE64_MAX + 4];
	struct tuy_letter_pk pk;
	struct tuy_sig sig;
	struct tuy_sig global;
	tuy_require(untrusted.len <= TUY_MINISIGN_UNTRUSTED_MAX &&
	            trusted.len <= TUY_MINISIGN_TRUSTED_MAX);
	memcpy(pk.b, sk + 32, sizeof pk.b);
	struct tuy_minisign_key key = tuy_minisign_key(&pk);
	file_hash(file, hash);
	crypto_sign_detached(sig.b, NULL, hash, sizeof hash, sk);
	crypto_sign_detached(global.b, NULL, text, global_text(&sig, trusted, text), sk);
	memcpy(bytes, "ED", 2);
	memcpy(bytes + 2, key.id, sizeof key.id);
	memcpy(bytes + 10, sig.b, sizeof sig.b);
	base64_write(bytes, sizeof bytes, second);
	base64_write(global.b, sizeof global.b, fourth);
	size_t second_len = strlen(second);
	size_t fourth_len = strlen(fourth);
	if (strlen(UNTRUSTED) + untrusted.len + strlen(TRUSTED) + trusted.len + second_len +
	            fourth_len + 4 >
	    out_size)
		return TUY_E_FULL;
	size_t at = append(out, 0, UNTRUSTED, strlen(UNTRUSTED));
	at = append(out, at, untrusted.p, untrusted.len);
	at = append(out, at, "\n", 1);
	at = append(out, at, second, second_len);
	at = append(out, at, "\n" TRUSTED, 1 + strlen(TRUSTED));
	at = append(out, at, trusted.p, trusted.len);
	at = append(out, at, "\n", 1);
	at = append(out, at, fourth, fourth_len);
	*len = append(out, at, "\n", 1);
	return TUY_OK;
}
