/*
 * Records. What is read passes the check of the table, is canonical, and can be written and read
 * again with the same result; where nothing was skipped, with the same bytes. The same for what a
 * RETRACT says.
 */
#include <string.h>
#include "../../proto/blob.h"
#include "../../proto/record.h"
#include "../../proto/retract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define DOC_MAX 65536

/* No control or bidirectional character, seen from the bytes. */
static void text_check(struct tuy_bytes text, uint32_t multiline)
{
	static const char *const bidi[] = { "\xd8\x9c",     "\xe2\x80\x8e", "\xe2\x80\x8f",
		                            "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6",
		                            "\xe2\x81\xa9" };
	tuy_require(tuy_utf8_valid(text));
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];
		tuy_require(c >= 0x20 || (multiline && (c == 9 || c == 10)));
		tuy_require(c != 0x7f && !(c == 0xc2 && text.p[i + 1] < 0xa0));
		for (size_t b = 0; b < sizeof bidi / sizeof bidi[0]; b++) {
			size_t len = strlen(bidi[b]);
			tuy_require(len > text.len - i || memcmp(text.p + i, bidi[b], len) != 0);
		}
	}
}

static void values_check(const struct tuy_record *record)
{
	for (int f = 0; f < TUY_FIELD_END; f++) {
		const struct tuy_value *value = &record->value[f];
		const struct tuy_field_rule *rule = tuy_field_rule((enum tuy_field)f);
		tuy_require(rule || !value->present);
		if (!value->present)
			continue;
		tuy_require(record->kind < 32 && (rule->kinds >> record->kind & 1));
		if (rule->type == TUY_TYPE_STR) {
			tuy_require(value->text.len <= rule->max);
			text_check(value->text, rule->multiline);
		}
		for (uint32_t i = 0; rule->type == TUY_TYPE_LIST && i < value->count; i++) {
			tuy_require(value->item[i].len <= TUY_TAG_MAX);
			text_check(value->item[i], 0);
		}
	}
}

static void retract_check(struct tuy_bytes doc)
{
	static uint8_t blob[TUY_BLOB_CLEAR_AT + TUY_BLOB_MAX];
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD, .seq = 1 };
	struct tuy_retract retract, again;
	struct tuy_tag nonce = { { 0 } };
	uint8_t bytes[TUY_HEADER_SIZE];
	size_t len;
	if (doc.len > TUY_BLOB_MAX - TUY_BLOB_CLEAR_AT)
		return;
	tuy_header_encode(&header, bytes);
	memset(blob, 0, TUY_BLOB_CLEAR_AT);
	blob[0] = TUY_BLOB_CLEAR;
	memcpy(blob + TUY_BLOB_CLEAR_AT, doc.p, doc.len);
	if (tuy_retract_read(bytes, (struct tuy_bytes){ blob, TUY_BLOB_CLEAR_AT + doc.len },
	                     &retract) != TUY_OK)
		return;
	tuy_require(retract.count >= 1 && retract.count <= TUY_RETRACT_MAX && retract.seqs[0] > 0);
	for (uint32_t i = 1; i < retract.count; i++)
		tuy_require(retract.seqs[i] > retract.seqs[i - 1]);
	tuy_require(tuy_retract_write(&retract, &nonce, blob + TUY_BLOB_CLEAR_AT,
	                              TUY_RETRACT_RECORD_MAX, &len) == TUY_OK);
	tuy_require(tuy_retract_read(bytes, (struct tuy_bytes){ blob, TUY_BLOB_CLEAR_AT + len },
	                             &again) == TUY_OK);
	tuy_require(again.count == retract.count &&
	            memcmp(again.seqs, retract.seqs, retract.count * sizeof retract.seqs[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[DOC_MAX], second[DOC_MAX];
	static struct tuy_record record, again;
	struct tuy_bytes doc = { data, size };
	retract_check(doc);
	if (size > DOC_MAX || tuy_record_read(doc, &record) != TUY_OK)
		return 0;
	struct tuy_record_fault fault;
	tuy_require(tuy_scan(doc, TUY_CANONICAL) == TUY_OK);
	tuy_require(tuy_record_check(&record, &fault) == TUY_OK);
	values_check(&record);
	struct tuy_writer w = tuy_writer(first, sizeof first);
	tuy_require(tuy_record_write(&record, &w) == TUY_OK && w.len <= size);
	tuy_require(tuy_record_read(tuy_written(&w), &again) == TUY_OK);
	struct tuy_writer v = tuy_writer(second, sizeof second);
	tuy_require(tuy_record_write(&again, &v) == TUY_OK);
	tuy_require(w.len == v.len && memcmp(first, second, w.len) == 0);
	tuy_require(w.len != size || memcmp(first, data, size) == 0);
	return 0;
}

/* A right record of one of five kinds, with a value in each field the kind may have; or a RETRACT.
 */
static size_t seed_write(uint8_t *out, size_t cap, unsigned int which)
{
	static const struct tuy_retract retract = { .count = 3, .seqs = { 1, 64, 70000 } };
	struct tuy_tag nonce = { { 1 } };
	size_t len = 0;
	if (which == 10)
		return tuy_retract_write(&retract, &nonce, out, cap, &len) == TUY_OK ? len : 0;
	static const enum tuy_record_kind kinds[] = { TUY_RECORD_PROFILE, TUY_RECORD_TIP,
		                                      TUY_RECORD_ASK, TUY_RECORD_CIRCLE,
		                                      TUY_RECORD_THANKS };
	static struct tuy_record record;
	struct tuy_bytes text = { (const uint8_t *)"heard", 5 };
	memset(&record, 0, sizeof record);
	record.kind = kinds[which % 5];
	record.has_ref = which % 2 == 0;
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
		struct tuy_value *value = &record.value[f];
		if (!(tuy_field_rule((enum tuy_field)f)->kinds >> record.kind & 1))
			continue;
		*value = (struct tuy_value){ true, 1, text, 2, { text, text } };
	}
	struct tuy_writer w = tuy_writer(out, cap);
	(void)tuy_record_write(&record, &w);
	return w.len;
}

/* Now and then a right record; else libFuzzer's own mutation. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	if (size > 2 && seed % 64 != 0)
		return LLVMFuzzerMutate(data, size, max_size);
	return seed_write(data, max_size, seed / 64 % 11);
}
