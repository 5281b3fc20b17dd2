/*
 * Documents: what the daemon is asked and answers, as jansson values. MessagePack in and out, one
 * printed form, and the few readers that every screen needs.
 *
 * Strings in documents are UTF-8 but otherwise whatever a peer wrote: they reach a terminal only
 * through doc_print or show_*.
 *
 * Thread rule: the program has one thread.
 */
#ifndef DOC_H
#define DOC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DOC_DEPTH_MAX  16                  /* nesting of an answer */
#define DOC_ANSWER_MAX (16u * 1024 * 1024) /* bytes of an answer */

/* How far the MessagePack value at the beginning of a growing buffer has been looked at. Starts as
 * { 0 }. */
struct doc_scan {
	size_t pos;                   /* bytes seen */
	uint32_t depth;               /* open arrays and maps */
	uint64_t left[DOC_DEPTH_MAX]; /* elements missing of each */
	bool begun;
};
enum doc_scan_state { DOC_SCAN_MORE, DOC_SCAN_DONE, DOC_SCAN_BAD };

/*
 * Goes on where the last call stopped; `bytes` are all bytes received so far. DONE: the first
 * scan->pos bytes are one value; MORE: it goes on; BAD: it is none, is nested too deeply, or claims
 * more elements than DOC_ANSWER_MAX bytes can hold.
 */
enum doc_scan_state doc_scan(struct doc_scan *scan, const uint8_t *bytes, size_t len);

/* The value in bytes that doc_scan accepted; NULL if JSON has nothing like it (binary, map keys
 * that are no strings, text that is not UTF-8). The caller owns it. */
json_t *doc_unpack(const uint8_t *bytes, size_t len);

/* Makes all texts in `value` harmless for a terminal: what tuy_text_check finds (line feeds and
 * tabs are allowed) becomes U+FFFD. */
void doc_scrub(json_t *value);

/* `value` as MessagePack in a block the caller frees; its length to *len. */
uint8_t *doc_pack(const json_t *value, size_t *len);

enum doc_layout { DOC_ONE_LINE, DOC_INDENTED };
/* Prints one document and a line feed. Controls (C0, DEL, C1, bidi) are escaped, also in texts. */
void doc_print(const json_t *value, FILE *out, enum doc_layout layout);

/* The fields of a "id,title,company.name" list, of each object of an array or of one object; a
 * field that is not there is null. The caller owns the result. */
json_t *doc_pick(const json_t *value, const char *fields);

/* A string member, or "" if there is none; it stays the document's. */
const char *doc_text(const json_t *object, const char *key);
/* An integer member, or `otherwise`. */
long long doc_number(const json_t *object, const char *key, long long otherwise);
/* Whether a member is there and true. */
bool doc_true(const json_t *object, const char *key);

#endif
