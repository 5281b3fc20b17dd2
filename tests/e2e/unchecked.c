/*
 * tuyaud of a peer who does not check what he writes: whatever is given goes out, and a text that
 * begins with "raw:" as the bytes that its hex digits say. Everything else is tuyaud. Linked by
 * --wrap as tuyaud-unchecked, for tests of what others make of it.
 *
 * Thread rule: the loop thread.
 */
#include "../../daemon/rpc_object.h"
#include "../../proto/record.h"
#include <sodium.h>
#include <string.h>

#define RAW      "raw:"
#define ROOM_MAX 65536

/* The linker gives these names. */
enum tuy_err __wrap_tuy_record_check(const struct tuy_record *record,
                                     struct tuy_record_fault *fault);
enum tuy_err __real_tuy_record_write(const struct tuy_record *record, struct tuy_writer *w);
enum tuy_err __wrap_tuy_record_write(const struct tuy_record *record, struct tuy_writer *w);
enum tuy_err __real_tuy_record_read(struct tuy_bytes doc, struct tuy_record *record);
enum tuy_err __wrap_tuy_record_read(struct tuy_bytes doc, struct tuy_record *record);
void __wrap_rpc_record_keep(struct tuy_record *record, uint8_t *room, size_t room_size);

enum tuy_err __wrap_tuy_record_check(const struct tuy_record *record,
                                     struct tuy_record_fault *fault)
{
	(void)record;
	*fault = (struct tuy_record_fault){ 0 };
	return TUY_OK;
}

/* The text's bytes, at `room` if it is raw. */
static struct tuy_bytes raw_read(struct tuy_bytes text, uint8_t *room, size_t *used)
{
	size_t mark = strlen(RAW);
	size_t len;
	if (text.len < mark || memcmp(text.p, RAW, mark) != 0 ||
	    sodium_hex2bin(room + *used, ROOM_MAX - *used, (const char *)text.p + mark,
	                   text.len - mark, NULL, &len, NULL) != 0)
		return text;
	text = (struct tuy_bytes){ room + *used, len };
	*used += len;
	return text;
}

enum tuy_err __wrap_tuy_record_write(const struct tuy_record *record, struct tuy_writer *w)
{
	static uint8_t room[ROOM_MAX];
	struct tuy_record raw = *record;
	size_t used = 0;
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
		raw.value[f].text = raw_read(raw.value[f].text, room, &used);
		for (uint32_t i = 0; i < raw.value[f].count; i++)
			raw.value[f].item[i] = raw_read(raw.value[f].item[i], room, &used);
	}
	return __real_tuy_record_write(&raw, w);
}

/* What it cannot read it takes for a record without fields: it goes on. */
enum tuy_err __wrap_tuy_record_read(struct tuy_bytes doc, struct tuy_record *record)
{
	struct tuy_reader r = tuy_reader(doc);
	if (__real_tuy_record_read(doc, record) == TUY_OK)
		return TUY_OK;
	*record = (struct tuy_record){ 0 };
	tuy_read_map(&r, TUY_MSGPACK_NODES);
	tuy_read_uint(&r, 0);
	record->kind = (enum tuy_record_kind)tuy_read_uint(&r, INT32_MAX);
	tuy_read_uint(&r, 1);
	tuy_read_fixed(&r, record->nonce.b, sizeof record->nonce.b);
	return r.err;
}

static void text_keep(struct tuy_bytes *text, uint8_t *room, size_t room_size, size_t *used)
{
	tuy_require(text->len <= room_size - *used);
	if (text->len > 0)
		memcpy(room + *used, text->p, text->len);
	text->p = room + *used;
	*used += text->len;
}

/* Not by writing and reading it, as that would be refused. */
void __wrap_rpc_record_keep(struct tuy_record *record, uint8_t *room, size_t room_size)
{
	size_t used = 0;
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
		text_keep(&record->value[f].text, room, room_size, &used);
		for (uint32_t i = 0; i < record->value[f].count; i++)
			text_keep(&record->value[f].item[i], room, room_size, &used);
	}
}
