#include "doc.h"
#include "../proto/text.h"
#include "memory.h"
#include <msgpack/object.h>
#include <msgpack/pack.h>
#include <msgpack/sbuffer.h>
#include <msgpack/unpack.h>
#include <msgpack/zone.h>
#include <stdlib.h>
#include <string.h>

/* ---- scanning ---- */

/* One value's head: the bytes it takes and the elements that follow. */
struct head {
	uint64_t size; /* head and content, without elements */
	uint64_t elements;
};

static uint64_t number_read(const uint8_t *p, size_t size)
{
	uint64_t n = 0;
	for (size_t i = 0; i < size; i++)
		n = n << 8 | p[i];
	return n;
}

/* Types 0xc0 to 0xdf, the one byte types and those with a length. */
static enum doc_scan_state long_head_read(const uint8_t *p, size_t len, struct head *head)
{
	/* bytes of the length field, then what the length counts */
	static const struct {
		uint8_t length_size;
		enum { NOTHING, BYTES, TYPED_BYTES, ELEMENTS, PAIRS, BAD } counts;
		uint8_t size; /* of a type without a length, its first byte included */
	} types[32] = {
		{ 0, NOTHING, 1 },     { 0, BAD, 0 },         { 0, NOTHING, 1 },
		{ 0, NOTHING, 1 },     { 1, BYTES, 0 },       { 2, BYTES, 0 },
		{ 4, BYTES, 0 },       { 1, TYPED_BYTES, 0 }, { 2, TYPED_BYTES, 0 },
		{ 4, TYPED_BYTES, 0 }, { 0, NOTHING, 5 },     { 0, NOTHING, 9 },
		{ 0, NOTHING, 2 },     { 0, NOTHING, 3 },     { 0, NOTHING, 5 },
		{ 0, NOTHING, 9 },     { 0, NOTHING, 2 },     { 0, NOTHING, 3 },
		{ 0, NOTHING, 5 },     { 0, NOTHING, 9 },     { 0, NOTHING, 3 },
		{ 0, NOTHING, 4 },     { 0, NOTHING, 6 },     { 0, NOTHING, 10 },
		{ 0, NOTHING, 18 },    { 1, BYTES, 0 },       { 2, BYTES, 0 },
		{ 4, BYTES, 0 },       { 2, ELEMENTS, 0 },    { 4, ELEMENTS, 0 },
		{ 2, PAIRS, 0 },       { 4, PAIRS, 0 },
	};
	size_t type = p[0] - 0xc0u;
	size_t length_size = types[type].length_size;
	if (types[type].counts == BAD)
		return DOC_SCAN_BAD;
	if (len < 1 + length_size)
		return DOC_SCAN_MORE;
	uint64_t n = number_read(p + 1, length_size);
	*head = (struct head){ .size = 1 + length_size };
	if (types[type].counts == NOTHING)
		head->size = types[type].size;
	else if (types[type].counts == BYTES)
		head->size += n;
	else if (types[type].counts == TYPED_BYTES)
		head->size += 1 + n;
	else
		head->elements = types[type].counts == PAIRS ? 2 * n : n;
	return DOC_SCAN_DONE;
}

static enum doc_scan_state head_read(const uint8_t *p, size_t len, struct head *head)
{
	if (len == 0)
		return DOC_SCAN_MORE;
	*head = (struct head){ .size = 1 };
	if (p[0] < 0x80 || p[0] >= 0xe0)
		return DOC_SCAN_DONE;
	if (p[0] < 0x90)
		head->elements = 2 * (p[0] & 0x0fu);
	else if (p[0] < 0xa0)
		head->elements = p[0] & 0x0fu;
	else if (p[0] < 0xc0)
		head->size += p[0] & 0x1fu;
	else
		return long_head_read(p, len, head);
	return DOC_SCAN_DONE;
}

enum doc_scan_state doc_scan(struct doc_scan *scan, const uint8_t *bytes, size_t len)
{
	while (!scan->begun || scan->depth > 0) {
		struct head head;
		enum doc_scan_state state = head_read(bytes + scan->pos, len - scan->pos, &head);
		if (state != DOC_SCAN_DONE)
			return state;
		if (head.size > DOC_ANSWER_MAX || head.elements > DOC_ANSWER_MAX)
			return DOC_SCAN_BAD;
		if (head.size > len - scan->pos)
			return DOC_SCAN_MORE;
		scan->pos += head.size;
		scan->begun = true;
		if (scan->depth > 0)
			scan->left[scan->depth - 1]--;
		if (head.elements > 0) {
			if (scan->depth == DOC_DEPTH_MAX)
				return DOC_SCAN_BAD;
			scan->left[scan->depth++] = head.elements;
		}
		while (scan->depth > 0 && scan->left[scan->depth - 1] == 0)
			scan->depth--;
	}
	return DOC_SCAN_DONE;
}

/* ---- MessagePack ---- */

static json_t *value_of(const msgpack_object *object);

static json_t *array_of(const msgpack_object_array *from)
{
	json_t *array = json_array();
	for (uint32_t i = 0; i < from->size; i++) {
		if (json_array_append_new(array, value_of(&from->ptr[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *object_of(const msgpack_object_map *from)
{
	json_t *object = json_object();
	for (uint32_t i = 0; i < from->size; i++) {
		const msgpack_object_kv *kv = &from->ptr[i];
		bool bad = kv->key.type != MSGPACK_OBJECT_STR || kv->key.via.str.size == 0 ||
		           memchr(kv->key.via.str.ptr, 0, kv->key.via.str.size);
		if (bad || json_object_setn_new(object, kv->key.via.str.ptr, kv->key.via.str.size,
		                                value_of(&kv->val)) != 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *value_of(const msgpack_object *object)
{
	switch (object->type) {
	case MSGPACK_OBJECT_NIL:
		return json_null();
	case MSGPACK_OBJECT_BOOLEAN:
		return json_boolean(object->via.boolean);
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		if (object->via.u64 > INT64_MAX)
			return NULL;
		return json_integer((json_int_t)object->via.u64);
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		return json_integer(object->via.i64);
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		return json_real(object->via.f64);
	case MSGPACK_OBJECT_STR:
		return json_stringn(object->via.str.size > 0 ? object->via.str.ptr : "",
		                    object->via.str.size);
	case MSGPACK_OBJECT_ARRAY:
		return array_of(&object->via.array);
	case MSGPACK_OBJECT_MAP:
		return object_of(&object->via.map);
	case MSGPACK_OBJECT_BIN:
	case MSGPACK_OBJECT_EXT:
	default:
		return NULL;
	}
}

json_t *doc_unpack(const uint8_t *bytes, size_t len)
{
	msgpack_zone zone;
	msgpack_object object;
	size_t pos = 0;
	json_t *value = NULL;
	if (!msgpack_zone_init(&zone, MSGPACK_ZONE_CHUNK_SIZE))
		return NULL;
	if (msgpack_unpack((const char *)bytes, len, &pos, &zone, &object) ==
	    MSGPACK_UNPACK_SUCCESS)
		value = value_of(&object);
	msgpack_zone_destroy(&zone);
	return value;
}

static void string_scrub(json_t *value)
{
	struct tuy_bytes text = { (const uint8_t *)json_string_value(value),
		                  json_string_length(value) };
	if (tuy_text_check(text, TUY_TEXT_LINES, NULL) == TUY_TEXT_CLEAN)
		return;
	size_t size = 3 * text.len;
	size_t len;
	uint8_t *clean = memory_check(malloc(size));
	tuy_text_scrub(text, TUY_TEXT_LINES, clean, size, &len);
	json_string_setn(value, (const char *)clean, len);
	free(clean);
}

void doc_scrub(json_t *value)
{
	if (json_is_string(value))
		string_scrub(value);
	for (size_t i = 0; i < json_array_size(value); i++)
		doc_scrub(json_array_get(value, i));
	for (void *i = json_object_iter(value); i; i = json_object_iter_next(value, i))
		doc_scrub(json_object_iter_value(i));
}

static void string_pack(msgpack_packer *packer, const char *text, size_t len)
{
	msgpack_pack_str(packer, len);
	msgpack_pack_str_body(packer, text, len);
}

static void value_pack(msgpack_packer *packer, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		msgpack_pack_map(packer, json_object_size(value));
		for (void *i = json_object_iter((json_t *)value); i;
		     i = json_object_iter_next((json_t *)value, i)) {
			const char *key = json_object_iter_key(i);
			string_pack(packer, key, strlen(key));
			value_pack(packer, json_object_iter_value(i));
		}
		break;
	case JSON_ARRAY:
		msgpack_pack_array(packer, json_array_size(value));
		for (size_t i = 0; i < json_array_size(value); i++)
			value_pack(packer, json_array_get(value, i));
		break;
	case JSON_STRING:
		string_pack(packer, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		msgpack_pack_int64(packer, json_integer_value(value));
		break;
	case JSON_REAL:
		msgpack_pack_double(packer, json_real_value(value));
		break;
	case JSON_TRUE:
		msgpack_pack_true(packer);
		break;
	case JSON_FALSE:
		msgpack_pack_false(packer);
		break;
	case JSON_NULL:
	default:
		msgpack_pack_nil(packer);
	}
}

uint8_t *doc_pack(const json_t *value, size_t *len)
{
	msgpack_sbuffer buffer;
	msgpack_packer packer;
	msgpack_sbuffer_init(&buffer);
	msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
	value_pack(&packer, value);
	*len = buffer.size;
	return memory_check(msgpack_sbuffer_release(&buffer));
}

/* ---- people and programs ---- */

/* The control character at `p`, of which `left` bytes are there, that JSON would let through: its
 * length in bytes, and its code to *code; 0 if there is none. */
static size_t control_at(const unsigned char *p, size_t left, unsigned *code)
{
	if (p[0] == 0x7f) {
		*code = 0x7f;
		return 1;
	}
	if (left >= 2 && ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xd8 && p[1] == 0x9c))) {
		*code = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
		return 2;
	}
	if (left < 3 || p[0] != 0xe2 || (p[1] != 0x80 && p[1] != 0x81))
		return 0;
	*code = 0x2000u | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	bool control = *code == 0x200e || *code == 0x200f || (*code >= 0x2028 && *code <= 0x202e) ||
	               (*code >= 0x2066 && *code <= 0x2069);
	return control ? 3 : 0;
}

void doc_print(const json_t *value, FILE *out, enum doc_layout layout)
{
	size_t flags = JSON_ENCODE_ANY | (layout == DOC_INDENTED ? JSON_INDENT(2) : JSON_COMPACT);
	char *text = memory_check(json_dumps(value, flags));
	size_t len = strlen(text);
	size_t start = 0;
	for (size_t i = 0; i < len;) {
		unsigned code;
		size_t size = control_at((unsigned char *)text + i, len - i, &code);
		if (size > 0) {
			fwrite(text + start, 1, i - start, out);
			fprintf(out, "\\u%04X", code);
			start = i + size;
		}
		i += size > 0 ? size : 1;
	}
	fwrite(text + start, 1, len - start, out);
	fputc('\n', out);
	free(text);
}

/* The member that "company.name" leads to, or NULL. */
static json_t *member_find(const json_t *object, const char *path)
{
	char part[80];
	for (;;) {
		size_t len = strcspn(path, ".");
		if (len >= sizeof(part))
			return NULL;
		memcpy(part, path, len);
		part[len] = '\0';
		json_t *member = json_object_get(object, part);
		if (path[len] == '\0' || !member)
			return member;
		object = member;
		path += len + 1;
	}
}

static json_t *object_pick(const json_t *object, const char *fields)
{
	json_t *picked = json_object();
	while (*fields != '\0') {
		char name[80];
		size_t len = strcspn(fields, ",");
		if (len > 0 && len < sizeof(name)) {
			memcpy(name, fields, len);
			name[len] = '\0';
			json_t *member = member_find(object, name);
			if (json_object_set(picked, name, member) != 0)
				json_object_set_new(picked, name, json_null());
		}
		fields += len;
		fields += *fields == ',';
	}
	return picked;
}

json_t *doc_pick(const json_t *value, const char *fields)
{
	if (!json_is_array(value))
		return object_pick(value, fields);
	json_t *picked = json_array();
	for (size_t i = 0; i < json_array_size(value); i++)
		json_array_append_new(picked, object_pick(json_array_get(value, i), fields));
	return picked;
}

const char *doc_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

long long doc_number(const json_t *object, const char *key, long long otherwise)
{
	const json_t *value = json_object_get(object, key);
	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool doc_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
