#include "audit.h"
#include "log.h"
#include "../proto/hash.h"
#include <string.h>

#define VERSION 1

enum { KEY_AT_AT = 0, KEY_WHAT_AT = 4, KEY_OBJECT_AT = 5, KEY_MEMBER_AT = 15 };
enum { VALUE_VERSION_AT = 0, VALUE_CIRCLE_AT = 1, VALUE_COUNT_AT = 5 };

struct reader {
	uint32_t since_s;
	audit_on_row *on_row;
	void *context;
};

/* store_own_on_row; what a later version wrote otherwise is passed over. */
static void row_read(void *context, struct tuy_bytes key, struct tuy_bytes value)
{
	const struct reader *reader = context;
	struct audit_row row = { .what = AUDIT_NONE };
	if (key.len != AUDIT_KEY || value.len < AUDIT_VALUE || value.p[VALUE_VERSION_AT] != VERSION)
		return;
	row.at_s = tuy_get32(key.p + KEY_AT_AT);
	row.what = (enum audit_what)key.p[KEY_WHAT_AT];
	memcpy(row.object.b, key.p + KEY_OBJECT_AT, sizeof row.object.b);
	memcpy(row.member.b, key.p + KEY_MEMBER_AT, sizeof row.member.b);
	row.circle_no = tuy_get32(value.p + VALUE_CIRCLE_AT);
	row.count = tuy_get32(value.p + VALUE_COUNT_AT);
	if (row.at_s >= reader->since_s)
		reader->on_row(reader->context, &row);
}

const char *audit_what_name(enum audit_what what)
{
	static const char *const names[AUDIT_WHAT_END] = {
		[AUDIT_NAMED] = "named",
		[AUDIT_AWARDED] = "awarded",
		[AUDIT_ANSWERED] = "answered",
		[AUDIT_RECEIVED] = "received",
		[AUDIT_WITHDRAWN] = "withdrawn",
		[AUDIT_FORGOTTEN] = "forgotten",
		[AUDIT_EXPORTED] = "exported",
		[AUDIT_ACCESSED] = "accessed",
		[AUDIT_SIGNED] = "signed",
		[AUDIT_SENT] = "sent",
		[AUDIT_REVOKED] = "revoked",
		[AUDIT_ADMITTED] = "admitted",
		[AUDIT_HOOKED] = "hooked",
		[AUDIT_UNASKED] = "unasked",
		[AUDIT_FORGOTTEN_ASK] = "forgotten",
	};
	return what > AUDIT_NONE && what < AUDIT_WHAT_END ? names[what] : "other";
}

void audit_row_write(const struct audit_row *row, uint8_t key[AUDIT_KEY],
                     uint8_t value[AUDIT_VALUE])
{
	tuy_put32(key + KEY_AT_AT, row->at_s);
	key[KEY_WHAT_AT] = (uint8_t)row->what;
	memcpy(key + KEY_OBJECT_AT, row->object.b, sizeof row->object.b);
	memcpy(key + KEY_MEMBER_AT, row->member.b, sizeof row->member.b);
	value[VALUE_VERSION_AT] = VERSION;
	tuy_put32(value + VALUE_CIRCLE_AT, row->circle_no);
	tuy_put32(value + VALUE_COUNT_AT, row->count);
}

void audit_note(struct daemon *d, const struct audit_row *row)
{
	uint8_t key[AUDIT_KEY];
	uint8_t value[AUDIT_VALUE];
	uint64_t ticket;
	struct audit_row now = *row;
	if (row->what == AUDIT_NONE)
		return;
	if (now.at_s == 0)
		now.at_s = loop_now(d).wall_s;
	audit_row_write(&now, key, value);
	if (loop_keep(d, STORE_OWN_AUDIT, TUY_BYTES(key), TUY_BYTES(value), &ticket) != 0)
		log_line(LOG_UNUSUAL, "audit", "what=not_kept row=%s", audit_what_name(row->what));
}

int audit_each(struct store_reading *reading, uint32_t since_s, audit_on_row *on_row, void *context)
{
	struct reader reader = { since_s, on_row, context };
	return store_own_each(reading, STORE_OWN_AUDIT, row_read, &reader);
}
