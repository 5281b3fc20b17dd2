/*
 * Foreign test vectors against our Noise, MessagePack and minisign code.
 *
 *     test_vectors noise|msgpack|minisign [FILE]
 *     test_vectors
 *
 * Without FILE the copies in TUY_VECTORS_DIR, without any argument all. Prints how many cases were
 * checked; exits 1 on the first mismatch or if there was no case. SOURCES.md says where they are
 * from.
 */
#include <ctype.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../proto/limits.h"
#include "../../proto/minisign.h"
#include "../../proto/noise.h"
#include "../../proto/reader.h"
#include "../../proto/text.h"
#include "../../proto/writer.h"

#ifndef TUY_VECTORS_DIR
#error "TUY_VECTORS_DIR must name the directory of the vector files"
#endif

static size_t cases; /* checked so far in the file at hand */
static const char *place = "";

#define check(x) ((x) ? (void)0 : mismatch(#x, __LINE__))

static _Noreturn void mismatch(const char *what, int line)
{
	fprintf(stderr, "test_vectors.c:%d: case %zu, %s: not so: %s\n", line, cases + 1, place,
	        what);
	exit(1);
}

/* Hexadecimal with any of "-: " between the bytes, to at most `cap` bytes. */
static struct tuy_bytes hex_read(const char *hex, uint8_t *out, size_t cap)
{
	size_t len;
	check(hex != NULL);
	check(sodium_hex2bin(out, cap, hex, strlen(hex), "-: ", &len, NULL) == 0);
	return (struct tuy_bytes){ out, len };
}

static struct tuy_bytes hex_field(const json_t *object, const char *name, uint8_t *out, size_t cap)
{
	return hex_read(json_string_value(json_object_get(object, name)), out, cap);
}

static void key_field(const json_t *object, const char *name, uint8_t out[32])
{
	check(hex_field(object, name, out, 32).len == 32);
}

static void same(struct tuy_bytes a, struct tuy_bytes b)
{
	check(a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0));
}

/* ---- Noise ---- */

struct sides {
	struct tuy_noise side[2]; /* 0 the initiator, 1 the responder */
};

static void sides_init(struct sides *s, const json_t *vector)
{
	uint8_t prologue_bytes[256];
	struct tuy_secret stat, ephemeral;
	struct tuy_link_pk rs;
	key_field(vector, "init_static", stat.b);
	key_field(vector, "init_ephemeral", ephemeral.b);
	key_field(vector, "init_remote_static", rs.b);
	struct tuy_bytes prologue =
		hex_field(vector, "init_prologue", prologue_bytes, sizeof prologue_bytes);
	tuy_noise_init_initiator(&s->side[0], prologue, &stat, &ephemeral, &rs);
	key_field(vector, "resp_static", stat.b);
	key_field(vector, "resp_ephemeral", ephemeral.b);
	prologue = hex_field(vector, "resp_prologue", prologue_bytes, sizeof prologue_bytes);
	tuy_noise_init_responder(&s->side[1], prologue, &stat, &ephemeral);
	check(memcmp(s->side[1].s_pk.b, rs.b, 32) == 0);
}

static enum tuy_err message_write(struct tuy_noise *n, size_t number, struct tuy_bytes in,
                                  uint8_t *out, size_t cap, size_t *len)
{
	switch (number) {
	case 0:
		return tuy_noise_create_1(n, in, out, cap, len);
	case 1:
		return tuy_noise_create_2(n, in, out, cap, len);
	case 2:
		return tuy_noise_create_3(n, in, out, cap, len);
	default:
		return tuy_noise_seal(n, in, out, cap, len);
	}
}

static enum tuy_err message_read(struct tuy_noise *n, size_t number, struct tuy_bytes in,
                                 uint8_t *out, size_t cap, size_t *len)
{
	switch (number) {
	case 0:
		return tuy_noise_consume_1(n, in, out, cap, len);
	case 1:
		return tuy_noise_consume_2(n, in, out, cap, len);
	case 2:
		return tuy_noise_consume_3(n, in, out, cap, len);
	default:
		return tuy_noise_open(n, in, out, cap, len);
	}
}

static void noise_vector_check(const json_t *vector)
{
	static uint8_t payload_bytes[TUY_FRAME_MAX], cipher_bytes[TUY_FRAME_MAX];
	static uint8_t wire[TUY_FRAME_MAX], got[TUY_FRAME_MAX];
	struct sides s;
	size_t number;
	json_t *message;
	sides_init(&s, vector);
	json_array_foreach(json_object_get(vector, "messages"), number, message)
	{
		struct tuy_bytes payload =
			hex_field(message, "payload", payload_bytes, sizeof payload_bytes);
		struct tuy_bytes cipher =
			hex_field(message, "ciphertext", cipher_bytes, sizeof cipher_bytes);
		struct tuy_noise *from = &s.side[number % 2], *to = &s.side[1 - number % 2];
		size_t len;
		check(message_write(from, number, payload, wire, sizeof wire, &len) == TUY_OK);
		same((struct tuy_bytes){ wire, len }, cipher);
		check(message_read(to, number, cipher, got, sizeof got, &len) == TUY_OK);
		same((struct tuy_bytes){ got, len }, payload);
		if (number == 1)
			check(memcmp(tuy_noise_hash_after_2(from), tuy_noise_hash_after_2(to),
			             32) == 0);
		cases++;
	}
	check(number >= 3);
	uint8_t hash[32];
	key_field(vector, "handshake_hash", hash);
	check(memcmp(tuy_noise_hash(&s.side[0])->b, hash, 32) == 0);
	check(memcmp(tuy_noise_hash(&s.side[1])->b, hash, 32) == 0);
	uint8_t pk[32], stat[32];
	key_field(vector, "init_static", stat);
	check(crypto_scalarmult_base(pk, stat) == 0);
	check(memcmp(tuy_noise_remote_static(&s.side[1])->b, pk, 32) == 0);
}

static void noise_check(const json_t *root)
{
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(root, "vectors"), i, vector)
	{
		place = json_string_value(json_object_get(vector, "protocol_name"));
		check(place && strcmp(place, "Noise_XK_25519_ChaChaPoly_SHA256") == 0);
		noise_vector_check(vector);
	}
}

/* ---- MessagePack ---- */

/* The dialects that can say a value at all. */
enum reach { REACH_NONE, REACH_RPC, REACH_CANONICAL };

static enum reach lesser(enum reach a, enum reach b)
{
	return a < b ? a : b;
}

static enum reach reach_of(const json_t *value)
{
	enum reach reach = REACH_CANONICAL;
	size_t i;
	const json_t *child;
	if (json_is_real(value))
		return REACH_NONE;
	if (json_is_integer(value) && json_integer_value(value) < 0)
		return REACH_RPC;
	if (json_is_array(value)) {
		json_array_foreach(value, i, child) reach = lesser(reach, reach_of(child));
	}
	if (json_is_object(value)) { /* JSON has string keys, which the protocol has not */
		const char *key;
		if (json_object_size(value) > 0)
			reach = REACH_RPC;
		json_object_foreach((json_t *)(uintptr_t)value, key, child) reach =
			lesser(reach, reach_of(child));
	}
	return reach;
}

/* Writes a value that the protocol can say. */
static void value_write(struct tuy_writer *w, const json_t *value)
{
	size_t i;
	const json_t *child;
	switch (json_typeof(value)) {
	case JSON_ARRAY:
		tuy_write_array(w, (uint32_t)json_array_size(value));
		json_array_foreach(value, i, child) value_write(w, child);
		break;
	case JSON_OBJECT:
		check(json_object_size(value) == 0);
		tuy_write_map(w, 0);
		break;
	case JSON_STRING:
		tuy_write_str(w, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		tuy_write_uint(w, (uint64_t)json_integer_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		tuy_write_bool(w, json_is_true(value));
		break;
	case JSON_NULL:
		tuy_write_nil(w);
		break;
	case JSON_REAL:
		mismatch("a float is never written", __LINE__);
	}
}

/* Reads what must be `value`. */
static void value_read(struct tuy_reader *r, const json_t *value)
{
	size_t i;
	const json_t *child;
	switch (json_typeof(value)) {
	case JSON_ARRAY:
		check(tuy_read_array(r, 0, UINT32_MAX) == json_array_size(value));
		json_array_foreach(value, i, child) value_read(r, child);
		break;
	case JSON_OBJECT:
		check(tuy_read_map(r, UINT32_MAX) == 0);
		break;
	case JSON_STRING:
		same(tuy_read_str(r, 0, SIZE_MAX),
		     (struct tuy_bytes){ (const uint8_t *)json_string_value(value),
		                         json_string_length(value) });
		break;
	case JSON_INTEGER:
		check(tuy_read_uint(r, UINT64_MAX) == (uint64_t)json_integer_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		check(tuy_read_bool(r) == json_is_true(value));
		break;
	case JSON_NULL:
		check(tuy_read_nil(r));
		break;
	case JSON_REAL:
		mismatch("a float is never read", __LINE__);
	}
	check(r->err == TUY_OK);
}

/* The value of one entry of the suite, as it can be said and as our writer says it. */
struct entry {
	enum reach reach;
	uint8_t ours[1024];
	struct tuy_bytes written; /* in `ours`, if the reach is canonical */
	const json_t *value;      /* as JSON, or NULL: then one of the next two */
	const char *bignum;
	bool is_binary;
};

static void entry_init(struct entry *e, const json_t *object)
{
	static const char *const names[] = { "nil", "bool", "string", "array", "map", "number" };
	struct tuy_writer w = tuy_writer(e->ours, sizeof e->ours);
	uint8_t binary[1024];
	e->value = NULL;
	e->bignum = json_string_value(json_object_get(object, "bignum"));
	e->is_binary = json_object_get(object, "binary") != NULL;
	e->reach = REACH_NONE; /* timestamp, ext */
	for (size_t i = 0; i < sizeof names / sizeof *names && !e->value && !e->bignum; i++)
		e->value = json_object_get(object, names[i]);
	if (e->bignum) {
		e->reach = e->bignum[0] == '-' ? REACH_RPC : REACH_CANONICAL;
		if (e->reach == REACH_CANONICAL)
			tuy_write_uint(&w, strtoull(e->bignum, NULL, 10));
	} else if (e->is_binary) {
		struct tuy_bytes bytes = hex_field(object, "binary", binary, sizeof binary);
		e->reach = REACH_CANONICAL;
		tuy_write_bin(&w, bytes.p, bytes.len);
	} else if (e->value) {
		e->reach = reach_of(e->value);
		if (e->reach == REACH_CANONICAL)
			value_write(&w, e->value);
	}
	e->written = tuy_written(&w);
	check(w.err == TUY_OK);
}

/* Reads the canonical encoding of an entry through the cursor. */
static void entry_read(const struct entry *e, const json_t *object, struct tuy_bytes encoding)
{
	uint8_t binary[1024];
	struct tuy_reader r = tuy_reader(encoding);
	if (e->bignum)
		check(tuy_read_uint(&r, UINT64_MAX) == strtoull(e->bignum, NULL, 10));
	else if (e->is_binary)
		same(tuy_read_bin(&r, 0, SIZE_MAX),
		     hex_field(object, "binary", binary, sizeof binary));
	else
		value_read(&r, e->value);
	check(tuy_read_end(&r) == TUY_OK);
}

/* One encoding of an entry; returns true if it is the canonical one. */
static bool encoding_check(const struct entry *e, const json_t *object, struct tuy_bytes encoding)
{
	bool is_float = encoding.p[0] == 0xca || encoding.p[0] == 0xcb;
	bool is_ours = e->reach == REACH_CANONICAL && encoding.len == e->written.len &&
	               memcmp(encoding.p, e->written.p, encoding.len) == 0;
	struct tuy_reader r = tuy_reader(encoding);
	enum tuy_err rpc = e->reach == REACH_NONE || is_float ? TUY_E_FORMAT : TUY_OK;
	check(tuy_scan(encoding, TUY_CANONICAL) == (is_ours ? TUY_OK : TUY_E_FORMAT));
	check(tuy_scan(encoding, TUY_RPC) == rpc);
	check(tuy_read_any(&r).len == (is_ours ? encoding.len : 0));
	check(tuy_read_end(&r) == (is_ours ? TUY_OK : TUY_E_FORMAT));
	for (size_t len = 0; len < encoding.len && is_ours; len++)
		check(tuy_scan((struct tuy_bytes){ encoding.p, len }, TUY_CANONICAL) ==
		      TUY_E_SHORT);
	if (is_ours)
		entry_read(e, object, encoding);
	cases++;
	return is_ours;
}

static void msgpack_entry_check(const json_t *object)
{
	struct entry e;
	uint8_t bytes[1024];
	size_t i, canonical = 0, shortest = SIZE_MAX;
	json_t *hex;
	entry_init(&e, object);
	json_array_foreach(json_object_get(object, "msgpack"), i, hex)
	{
		struct tuy_bytes encoding = hex_read(json_string_value(hex), bytes, sizeof bytes);
		check(encoding.len > 0);
		bool is_float = encoding.p[0] == 0xca || encoding.p[0] == 0xcb;
		if (encoding.len < shortest && !is_float)
			shortest = encoding.len;
		canonical += encoding_check(&e, object, encoding);
	}
	check(canonical == (e.reach == REACH_CANONICAL ? 1 : 0));
	if (e.reach == REACH_CANONICAL)
		check(e.written.len == shortest);
}

static void msgpack_check(const json_t *root)
{
	const char *group;
	const json_t *entries;
	json_object_foreach((json_t *)(uintptr_t)root, group, entries)
	{
		size_t i;
		json_t *object;
		place = group;
		json_array_foreach(entries, i, object) msgpack_entry_check(object);
	}
}

/* ---- minisign ---- */

static struct tuy_bytes text_field(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	check(text != NULL);
	return tuy_text_bytes(text);
}

static void minisign_check(const json_t *root)
{
	static uint8_t message_bytes[TUY_FRAME_MAX];
	size_t i;
	json_t *object;
	json_array_foreach(json_object_get(root, "cases"), i, object)
	{
		struct tuy_minisign_key key;
		struct tuy_minisign sign;
		struct tuy_bytes message =
			hex_field(object, "message_hex", message_bytes, sizeof message_bytes);
		place = json_string_value(json_object_get(object, "name"));
		check(tuy_minisign_key_parse(text_field(object, "public_key"), &key) == TUY_OK);
		bool valid = tuy_minisign_parse(text_field(object, "signature"), &sign) == TUY_OK &&
		             tuy_minisign_check(&sign, &key, message) == TUY_OK;
		check(valid == json_is_true(json_object_get(object, "valid")));
		cases++;
	}
}

/* ---- */

static void file_check(const char *what, const char *path, void (*root_check)(const json_t *root))
{
	json_error_t error;
	json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
	if (!root) {
		fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
		exit(1);
	}
	cases = 0;
	place = path;
	root_check(root);
	json_decref(root);
	if (cases == 0) {
		fprintf(stderr, "%s: no cases\n", path);
		exit(1);
	}
	printf("%s: %zu cases right\n", what, cases);
}

static void noise_file_check(const char *path)
{
	file_check("noise", path ? path : TUY_VECTORS_DIR "/noise_xk_25519_chachapoly_sha256.json",
	           noise_check);
}

static void msgpack_file_check(const char *path)
{
	file_check("msgpack", path ? path : TUY_VECTORS_DIR "/msgpack-test-suite.json",
	           msgpack_check);
}

static void minisign_file_check(const char *path)
{
	file_check("minisign", path ? path : TUY_VECTORS_DIR "/minisign_cases.json",
	           minisign_check);
}

int main(int argc, char **argv)
{
	const char *path = argc > 2 ? argv[2] : NULL;
	if (sodium_init() < 0)
		return 1;
	if (argc == 1) {
		noise_file_check(NULL);
		msgpack_file_check(NULL);
		minisign_file_check(NULL);
	} else if (argc <= 3 && strcmp(argv[1], "noise") == 0) {
		noise_file_check(path);
	} else if (argc <= 3 && strcmp(argv[1], "msgpack") == 0) {
		msgpack_file_check(path);
	} else if (argc <= 3 && strcmp(argv[1], "minisign") == 0) {
		minisign_file_check(path);
	} else {
		fprintf(stderr, "usage: test_vectors [noise|msgpack|minisign [FILE]]\n");
		return 2;
	}
	return 0;
}
