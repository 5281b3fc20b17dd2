/* Own letters: see store_letters.h. */
#include "store_letters.h"
#include "store_erase.h"
#include "../proto/hash.h"
#include <string.h>

enum {
	ROW_CIRCLE_AT = 0,
	ROW_ASK_AT = 4,
	ROW_STATE_AT = 14,
	ROW_DAYS_AT = 15,
	ROW_MADE_AT = 16,
	ROW_CHANGED_AT = 20,
	ROW_TEXT_LEN_AT = 24,
	ROW_TEXT_AT = 26
};
#define NUMBER_LEN (TUY_LETTER_NUMBER - 1)

static int row_read(struct tuy_bytes value, struct store_letter *letter)
{
	if (value.len < ROW_TEXT_AT)
		return -1;
	size_t text_len = (size_t)value.p[ROW_TEXT_LEN_AT] << 8 | value.p[ROW_TEXT_LEN_AT + 1];
	if (text_len > value.len - ROW_TEXT_AT)
		return -1;
	letter->circle_no = tuy_get32(value.p + ROW_CIRCLE_AT);
	memcpy(letter->ask.b, value.p + ROW_ASK_AT, sizeof letter->ask.b);
	letter->state = (enum store_letter_state)value.p[ROW_STATE_AT];
	letter->days = value.p[ROW_DAYS_AT];
	letter->made_s = tuy_get32(value.p + ROW_MADE_AT);
	letter->changed_s = tuy_get32(value.p + ROW_CHANGED_AT);
	letter->text = (struct tuy_bytes){ value.p + ROW_TEXT_AT, text_len };
	letter->sign = (struct tuy_bytes){ value.p + ROW_TEXT_AT + text_len,
		                           value.len - ROW_TEXT_AT - text_len };
	return 0;
}

size_t store_letter_row(const struct store_letter *letter, uint8_t out[STORE_LETTER_MAX])
{
	size_t len = ROW_TEXT_AT + letter->text.len + letter->sign.len;
	tuy_require(letter->text.len <= TUY_LETTER_MAX && letter->sign.len <= TUY_MINISIGN_MAX &&
	            letter->days <= TUY_LETTER_DAYS_MAX);
	tuy_put32(out + ROW_CIRCLE_AT, letter->circle_no);
	memcpy(out + ROW_ASK_AT, letter->ask.b, sizeof letter->ask.b);
	out[ROW_STATE_AT] = (uint8_t)letter->state;
	out[ROW_DAYS_AT] = (uint8_t)letter->days;
	tuy_put32(out + ROW_MADE_AT, letter->made_s);
	tuy_put32(out + ROW_CHANGED_AT, letter->changed_s);
	out[ROW_TEXT_LEN_AT] = (uint8_t)(letter->text.len >> 8);
	out[ROW_TEXT_LEN_AT + 1] = (uint8_t)letter->text.len;
	memcpy(out + ROW_TEXT_AT, letter->text.p, letter->text.len);
	if (letter->sign.len > 0)
		memcpy(out + ROW_TEXT_AT + letter->text.len, letter->sign.p, letter->sign.len);
	return len;
}

int store_letter_next(struct store_reading *reading, const char *number,
                      struct store_letter *letter)
{
	const struct store_tables *tables = store_tables(reading->store);
	char after[TUY_LETTER_NUMBER] = "";
	struct tuy_bytes value;
	MDB_cursor *cursor;
	MDB_val row;
	int found = -1;
	memcpy(after, number, strlen(number));
	MDB_val key = { NUMBER_LEN, after };
	if (mdb_cursor_open(reading->txn, tables->dbi[STORE_LETTERS], &cursor) != 0)
		return -1;
	int rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	while (rc == 0 && found != 0) {
		bool later =
			key.mv_size == NUMBER_LEN && memcmp(key.mv_data, after, NUMBER_LEN) > 0;
		if (later && store_check(tables, STORE_LETTERS, &key, &row, &value) == 0 &&
		    row_read(value, letter) == 0) {
			memcpy(letter->number, key.mv_data, NUMBER_LEN);
			letter->number[NUMBER_LEN] = '\0';
			found = 0;
		}
		rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return found;
}

int store_letters_purge(MDB_txn *txn, const struct store_tables *tables, uint32_t before_s,
                        bool *gone)
{
	struct store_letter letter;
	struct tuy_bytes value;
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val row;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_LETTERS], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_FIRST);
	while (rc == 0) {
		if (store_check(tables, STORE_LETTERS, &key, &row, &value) == 0 &&
		    row_read(value, &letter) == 0 && letter.made_s < before_s) {
			*gone = true;
			rc = mdb_cursor_del(cursor, 0);
		}
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}
