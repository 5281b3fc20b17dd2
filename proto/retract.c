#include "retract.h"
#include "blob.h"
#include "reader.h"
#include "record.h"
#include "writer.h"
#include <string.h>

enum {
	KEY_KIND = 0,
	KEY_NONCE = 1,
	KEY_REV = 2,
	KEY_LOG = TUY_FIELD_LOG,
	KEY_SEQS = TUY_FIELD_SEQS
};

enum tuy_err tuy_retract_write(const struct tuy_retract *retract, const struct tuy_tag *nonce,
                               uint8_t *out, size_t cap, size_t *len)
{
	struct tuy_writer w = tuy_writer(out, cap);

	tuy_require(retract->count >= 1 && retract->count <= TUY_RETRACT_MAX);
	tuy_write_map(&w, 5);
	tuy_write_uint(&w, KEY_KIND);
	tuy_write_uint(&w, TUY_RECORD_RETRACT);
	tuy_write_uint(&w, KEY_NONCE);
	tuy_write_bin(&w, nonce->b, sizeof nonce->b);
	tuy_write_uint(&w, KEY_REV);
	tuy_write_uint(&w, 0);
	tuy_write_uint(&w, KEY_LOG);
	tuy_write_bin(&w, retract->log.b, sizeof retract->log.b);
	tuy_write_uint(&w, KEY_SEQS);
	tuy_write_array(&w, retract->count);
	for (uint32_t i = 0; i < retract->count; i++)
		tuy_write_uint(&w, retract->seqs[i]);
	if (w.err == TUY_OK)
		*len = w.len;
	return w.err;
}

bool tuy_header_is_clear(const uint8_t header[TUY_HEADER_SIZE])
{
	static const struct tuy_epoch none;
	struct tuy_header h;

	return tuy_header_decode(header, &h) == TUY_OK && (h.flags & TUY_HEADER_PAYLOAD) &&
	       memcmp(&h.epoch, &none, sizeof none) == 0;
}

static void seqs_read(struct tuy_reader *r, struct tuy_retract *retract)
{
	retract->count = tuy_read_array(r, 1, TUY_RETRACT_MAX);
	for (uint32_t i = 0; i < retract->count && !r->err; i++) {
		retract->seqs[i] = (uint32_t)tuy_read_uint(r, UINT32_MAX);
		if (retract->seqs[i] == 0 || (i > 0 && retract->seqs[i] <= retract->seqs[i - 1]))
			tuy_read_fail(r, TUY_E_FORMAT);
	}
}

enum tuy_err tuy_retract_read(const uint8_t header[TUY_HEADER_SIZE], struct tuy_bytes blob,
                              struct tuy_retract *retract)
{
	enum tuy_blob_mode mode;
	struct tuy_retract out = { .count = 0 };
	struct tuy_record common;
	bool has_log = false;

	if (!tuy_header_is_clear(header) || tuy_blob_inspect(blob, &mode) != TUY_OK ||
	    mode != TUY_BLOB_CLEAR)
		return TUY_E_UNKNOWN;
	struct tuy_bytes doc = { blob.p + TUY_BLOB_CLEAR_AT, blob.len - TUY_BLOB_CLEAR_AT };
	if (tuy_record_read(doc, &common) != TUY_OK)
		return TUY_E_FORMAT;
	if (common.kind != TUY_RECORD_RETRACT)
		return TUY_E_UNKNOWN;
	struct tuy_reader r = tuy_reader(doc);
	uint32_t pairs = tuy_read_map(&r, TUY_MSGPACK_NODES);
	for (uint32_t i = 0; i < pairs && !r.err; i++) {
		uint64_t key = tuy_read_uint(&r, UINT64_MAX);

		if (key == KEY_LOG) {
			tuy_read_fixed(&r, out.log.b, sizeof out.log.b);
			has_log = true;
		} else if (key == KEY_SEQS) {
			seqs_read(&r, &out);
		} else {
			(void)tuy_read_any(&r);
		}
	}
	if (r.err || !has_log || out.count == 0)
		return TUY_E_FORMAT;
	*retract = out;
	return TUY_OK;
}
