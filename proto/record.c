#include "record.h"
#include "limits.h"
#include <string.h>

#define ASK_TEXT_MAX 1000 /* bytes; the table's 2,000 are a tip's */
#define ACT_TEXT_MAX 500

enum {
	PROFILE = 1u << TUY_RECORD_PROFILE,
	TIP = 1u << TUY_RECORD_TIP,
	ASK = 1u << TUY_RECORD_ASK,
	CIRCLE = 1u << TUY_RECORD_CIRCLE,
	ANSWER = 1u << TUY_RECORD_ANSWER,
	CLAIM = 1u << TUY_RECORD_CLAIM,
	AWARD = 1u << TUY_RECORD_AWARD,
	CARD = 1u << TUY_RECORD_CARD,
	PROGRESS = 1u << TUY_RECORD_PROGRESS,
	OUTCOME = 1u << TUY_RECORD_OUTCOME,
	GIVE_BACK = 1u << TUY_RECORD_GIVE_BACK,
	CLOSED = 1u << TUY_RECORD_CLOSED,
	WITHDRAW = 1u << TUY_RECORD_WITHDRAW,
	REOPEN = 1u << TUY_RECORD_REOPEN,
	THANKS = 1u << TUY_RECORD_THANKS,
	STEPS = PROGRESS | OUTCOME,
	WITH_TEXT = TIP | ASK | ANSWER | CLAIM | OUTCOME | GIVE_BACK | THANKS
};
enum { KEY_KIND, KEY_NONCE, KEY_REV, KEY_REF, KEY_FIELDS };

_Static_assert((int)KEY_FIELDS == (int)TUY_FIELD_TITLE, "fields follow the four common keys");

/* PROTOCOL 8.4, the table, in the order of its keys. */
static const struct tuy_field_rule rules[] = {
	{ TUY_FIELD_TITLE, "title", TUY_TYPE_STR, 120, TIP, TIP, 0 },
	{ TUY_FIELD_TEXT, "text", TUY_TYPE_STR, 2000, WITH_TEXT, ASK, 1 },
	{ TUY_FIELD_COMPANY, "company", TUY_TYPE_STR, 120, TIP | ASK | PROFILE | CARD | ANSWER, 0,
	  0 },
	{ TUY_FIELD_DOMAIN, "domain", TUY_TYPE_STR, 120, TIP | ASK | CARD, 0, 0 },
	{ TUY_FIELD_SIREN, "siren", TUY_TYPE_STR, 14, TIP | ASK | CARD, 0, 0 },
	{ TUY_FIELD_PLACE, "place", TUY_TYPE_STR, 120, TIP | ASK, 0, 0 },
	{ TUY_FIELD_SECTOR, "sector", TUY_TYPE_STR, 120, TIP, 0, 0 },
	{ TUY_FIELD_ROLE, "role", TUY_TYPE_STR, 120, TIP | ASK | ANSWER, 0, 0 },
	{ TUY_FIELD_WARMTH, "warmth", TUY_TYPE_UINT, 5, TIP, 0, 0 },
	{ TUY_FIELD_TOLD, "told", TUY_TYPE_BOOL, 1, TIP | ANSWER, 0, 0 },
	{ TUY_FIELD_LINK, "link", TUY_TYPE_STR, 16, TIP, 0, 0 },
	{ TUY_FIELD_FOR, "for", TUY_TYPE_STR, 120, TIP | ASK, 0, 0 },
	{ TUY_FIELD_BUDGET, "budget", TUY_TYPE_STR, 16, TIP | ASK, 0, 0 },
	{ TUY_FIELD_WHEN, "when", TUY_TYPE_STR, 32, TIP | ASK, 0, 0 },
	{ TUY_FIELD_TAGS, "tags", TUY_TYPE_LIST, TUY_TAGS_MAX, TIP | ASK, 0, 0 },
	{ TUY_FIELD_LANG, "lang", TUY_TYPE_STR, 8, TIP | ASK | CIRCLE, 0, 0 },
	{ TUY_FIELD_REWARD, "reward", TUY_TYPE_STR, 120, TIP, 0, 0 },
	{ TUY_FIELD_CLAIMS, "claims", TUY_TYPE_UINT, 2, TIP, 0, 0 },
	{ TUY_FIELD_ASK, "ask", TUY_TYPE_UINT, 5, ASK, ASK, 0 },
	{ TUY_FIELD_SKILLS, "skills", TUY_TYPE_STR, 400, ASK, 0, 0 },
	{ TUY_FIELD_BLURB, "blurb", TUY_TYPE_STR, 600, ASK, 0, 1 },
	{ TUY_FIELD_PERSON, "person", TUY_TYPE_STR, 120, ASK, 0, 0 },
	{ TUY_FIELD_WHY, "why", TUY_TYPE_STR, 400, ASK, 0, 0 },
	{ TUY_FIELD_NAME, "name", TUY_TYPE_STR, 120, PROFILE | CIRCLE | CARD | ANSWER,
	  PROFILE | CIRCLE, 0 },
	{ TUY_FIELD_SEAT, "seat", TUY_TYPE_STR, 120, PROFILE, 0, 0 },
	{ TUY_FIELD_SELLS, "sells", TUY_TYPE_STR, 300, PROFILE, 0, 0 },
	{ TUY_FIELD_LOOKS_FOR, "looks_for", TUY_TYPE_STR, 300, PROFILE, 0, 0 },
	{ TUY_FIELD_NOT_FOR, "not_for", TUY_TYPE_STR, 200, PROFILE, 0, 0 },
	{ TUY_FIELD_ZONE, "zone", TUY_TYPE_STR, 120, PROFILE, 0, 0 },
	{ TUY_FIELD_LANGUAGES, "languages", TUY_TYPE_STR, 120, PROFILE, 0, 0 },
	{ TUY_FIELD_REACH, "reach", TUY_TYPE_STR, 120, PROFILE, 0, 0 },
	{ TUY_FIELD_LOG, "log", TUY_TYPE_BIN, 16, 0, 0, 0 },
	{ TUY_FIELD_SEQS, "seqs", TUY_TYPE_LIST, 0, 0, 0, 0 },
	{ TUY_FIELD_TO, "to", TUY_TYPE_BIN, 32, AWARD | THANKS, AWARD, 0 },
	{ TUY_FIELD_DUE, "due", TUY_TYPE_UINT, UINT32_MAX, AWARD, 0, 0 },
	{ TUY_FIELD_OF, "of", TUY_TYPE_BIN, 10,
	  AWARD | CARD | STEPS | CLAIM | GIVE_BACK | CLOSED | WITHDRAW | REOPEN, CARD | STEPS, 0 },
	{ TUY_FIELD_STEP, "step", TUY_TYPE_UINT, 7, STEPS, STEPS, 0 },
	{ TUY_FIELD_AMOUNT, "amount", TUY_TYPE_STR, 32, OUTCOME, 0, 0 },
	{ TUY_FIELD_CURRENCY, "currency", TUY_TYPE_STR, 3, OUTCOME, 0, 0 },
	{ TUY_FIELD_REASON, "reason", TUY_TYPE_STR, 40, OUTCOME | GIVE_BACK, 0, 0 },
	{ TUY_FIELD_PHONE, "phone", TUY_TYPE_STR, 40, CARD | ANSWER, 0, 0 },
	{ TUY_FIELD_EMAIL, "email", TUY_TYPE_STR, 120, CARD | ANSWER, 0, 0 },
	{ TUY_FIELD_BEST_TIME, "best_time", TUY_TYPE_STR, 120, CARD, 0, 0 },
	{ TUY_FIELD_HOW, "how", TUY_TYPE_UINT, 7, ANSWER, 0, 0 },
	{ TUY_FIELD_AS_OF, "as_of", TUY_TYPE_STR, 16, ANSWER, 0, 0 },
	{ TUY_FIELD_STRENGTH, "strength", TUY_TYPE_UINT, 3, ANSWER, 0, 0 },
	{ TUY_FIELD_BACK, "back", TUY_TYPE_BOOL, 1, THANKS, 0, 0 },
	{ TUY_FIELD_SIZE, "size", TUY_TYPE_STR, 40, TIP, 0, 0 },
	{ TUY_FIELD_UNTIL, "until", TUY_TYPE_UINT, UINT32_MAX, TIP, 0, 0 },
	{ TUY_FIELD_HIDE_COUNT, "hide_count", TUY_TYPE_BOOL, 1, ASK, 0, 0 },
	{ TUY_FIELD_LETTER, "letter", TUY_TYPE_STR, 6144, ANSWER, 0, 1 },
	{ TUY_FIELD_SIGNATURE, "signature", TUY_TYPE_STR, 2048, ANSWER, 0, 1 },
};
#define RULES (sizeof rules / sizeof rules[0])
_Static_assert(RULES == TUY_FIELD_END - TUY_FIELD_TITLE, "one rule a field");

static const char *const link_names[] = { "client", "colleague", "friend", "supplier", "heard" };
static const char *const ask_names[] = { "profile", "intro", "vouch", "news", "supplier" };
#define LINK_NAMES (sizeof link_names / sizeof link_names[0])
#define ASK_NAMES  (sizeof ask_names / sizeof ask_names[0])

static bool text_is(struct tuy_bytes text, const char *name)
{
	return text.len == strlen(name) && memcmp(text.p, name, text.len) == 0;
}

/* 1 + the index of `text` in a list of names; 0 if it is none of them. */
static size_t name_find(struct tuy_bytes text, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_is(text, names[i]))
			return i + 1;
	}
	return 0;
}

/* The bit of a kind in a rule; none for kinds of later versions. */
static uint32_t kind_bit(enum tuy_record_kind kind)
{
	return kind <= TUY_RECORD_CHARTER ? UINT32_C(1) << kind : 0;
}

static uint32_t max_of(const struct tuy_field_rule *rule, enum tuy_record_kind kind)
{
	if (rule->field != TUY_FIELD_TEXT || kind == TUY_RECORD_TIP)
		return rule->max;
	return kind == TUY_RECORD_ASK || kind == TUY_RECORD_ANSWER ? ASK_TEXT_MAX : ACT_TEXT_MAX;
}

/* PROTOCOL 8.4: "no line or paragraph separators (U+2028, U+2029), and no bidirectional controls
 * (U+061C, U+200E, U+200F, U+202A..U+202E, U+2066..U+2069)". Whether one starts at `p`, in valid
 * UTF-8 with `left` >= 1 bytes. */
static bool format_control_at(const uint8_t *p, size_t left)
{
	if (p[0] == 0xd8)
		return left >= 2 && p[1] == 0x9c;
	if (p[0] != 0xe2 || left < 3)
		return false;
	if (p[1] == 0x80)
		return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae);
	return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
}

/* Valid UTF-8 without control characters; line feeds and tabs only if `multiline` is 1. */
static bool text_is_clean(struct tuy_bytes text, uint32_t multiline)
{
	if (!tuy_utf8_valid(text))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];
		if (c < 0x20 && !(multiline && (c == '\n' || c == '\t')))
			return false;
		if (c < 0x7f)
			continue;
		if (c == 0x7f || (c == 0xc2 && text.p[i + 1] < 0xa0))
			return false;
		if (format_control_at(text.p + i, text.len - i))
			return false;
	}
	return true;
}

static enum tuy_err text_check(const struct tuy_field_rule *rule, uint32_t max,
                               struct tuy_bytes text)
{
	if (text.len > max)
		return TUY_E_LIMIT;
	if (!text_is_clean(text, rule->multiline))
		return TUY_E_FORMAT;
	if (rule->field == TUY_FIELD_LINK && !name_find(text, link_names, LINK_NAMES))
		return TUY_E_FORMAT;
	return TUY_OK;
}

static enum tuy_err list_check(const struct tuy_field_rule *rule, const struct tuy_value *value)
{
	if (value->count > rule->max)
		return TUY_E_LIMIT;
	for (uint32_t i = 0; i < value->count; i++) {
		enum tuy_err err = text_check(rule, TUY_TAG_MAX, value->item[i]);
		if (err)
			return err;
	}
	return TUY_OK;
}

/* One field of a record of `kind` against its rule. */
static enum tuy_err value_check(const struct tuy_field_rule *rule, enum tuy_record_kind kind,
                                const struct tuy_value *value)
{
	if (!value->present)
		return rule->required & kind_bit(kind) ? TUY_E_SHORT : TUY_OK;
	if (!(rule->kinds & kind_bit(kind)))
		return TUY_E_FORMAT;
	switch (rule->type) {
	case TUY_TYPE_STR:
		if (value->text.len == 0 && (rule->required & kind_bit(kind)))
			return TUY_E_SHORT;
		return text_check(rule, max_of(rule, kind), value->text);
	case TUY_TYPE_UINT:
		if ((rule->field == TUY_FIELD_ASK || rule->field == TUY_FIELD_STEP) &&
		    value->number == 0)
			return TUY_E_FORMAT;
		return value->number > rule->max ? TUY_E_FORMAT : TUY_OK;
	case TUY_TYPE_BOOL:
		return value->number > 1 ? TUY_E_FORMAT : TUY_OK;
	case TUY_TYPE_LIST:
		return list_check(rule, value);
	case TUY_TYPE_BIN:
		return value->text.len == rule->max ? TUY_OK : TUY_E_FORMAT;
	}
	return TUY_E_FORMAT;
}

/* The value of a field by its type only; tuy_record_check judges it. `doc_len` bounds a text. */
static void value_read(struct tuy_reader *r, const struct tuy_field_rule *rule, size_t doc_len,
                       struct tuy_value *value)
{
	value->present = true;
	switch (rule->type) {
	case TUY_TYPE_STR:
		value->text = tuy_read_str(r, 0, doc_len);
		break;
	case TUY_TYPE_UINT:
		value->number = tuy_read_uint(r, UINT64_MAX);
		break;
	case TUY_TYPE_BOOL:
		value->number = tuy_read_bool(r) ? 1 : 0;
		break;
	case TUY_TYPE_LIST:
		value->count = tuy_read_array(r, 0, TUY_TAGS_MAX);
		for (uint32_t i = 0; i < value->count && !r->err; i++)
			value->item[i] = tuy_read_str(r, 0, doc_len);
		break;
	case TUY_TYPE_BIN:
		value->text = tuy_read_bin(r, 0, doc_len);
		break;
	}
}

static void value_write(struct tuy_writer *w, const struct tuy_field_rule *rule,
                        const struct tuy_value *value)
{
	switch (rule->type) {
	case TUY_TYPE_STR:
		tuy_write_str(w, value->text.p, value->text.len);
		break;
	case TUY_TYPE_UINT:
		tuy_write_uint(w, value->number);
		break;
	case TUY_TYPE_BOOL:
		tuy_write_bool(w, value->number != 0);
		break;
	case TUY_TYPE_LIST:
		tuy_write_array(w, value->count);
		for (uint32_t i = 0; i < value->count; i++)
			tuy_write_str(w, value->item[i].p, value->item[i].len);
		break;
	case TUY_TYPE_BIN:
		tuy_write_bin(w, value->text.p, value->text.len);
		break;
	}
}

/* The value of one key of the map. Keys ascend, so the kind is known before any field. A key that
 * means nothing for this kind is passed over. */
static void pair_read(struct tuy_reader *r, uint64_t key, size_t doc_len, struct tuy_record *record)
{
	const struct tuy_field_rule *rule;
	switch (key) {
	case KEY_KIND:
		record->kind = (enum tuy_record_kind)tuy_read_uint(r, INT32_MAX);
		return;
	case KEY_NONCE:
		tuy_read_fixed(r, record->nonce.b, sizeof record->nonce.b);
		return;
	case KEY_REV:
		record->rev = (uint32_t)tuy_read_uint(r, UINT32_MAX);
		return;
	case KEY_REF:
		tuy_read_fixed(r, record->ref.b, sizeof record->ref.b);
		record->has_ref = true;
		return;
	default:
		rule = key < TUY_FIELD_END ? tuy_field_rule((enum tuy_field)key) : NULL;
		if (rule && (rule->kinds & kind_bit(record->kind)))
			value_read(r, rule, doc_len, &record->value[key]);
		else
			(void)tuy_read_any(r);
	}
}

const struct tuy_field_rule *tuy_field_rule(enum tuy_field field)
{
	if (field < TUY_FIELD_TITLE || field >= TUY_FIELD_END)
		return NULL;
	return &rules[field - TUY_FIELD_TITLE];
}

const struct tuy_field_rule *tuy_field_rule_named(struct tuy_bytes name)
{
	for (size_t i = 0; i < RULES; i++) {
		if (text_is(name, rules[i].name))
			return &rules[i];
	}
	return NULL;
}

enum tuy_err tuy_record_check(const struct tuy_record *record, struct tuy_record_fault *fault)
{
	*fault = (struct tuy_record_fault){ (enum tuy_field)0, TUY_OK };
	if (record->kind == 0 || (tuy_record_is_act(record->kind) && !record->has_ref))
		fault->err = TUY_E_FORMAT;
	for (size_t i = 0; i < RULES && !fault->err; i++) {
		fault->err = value_check(&rules[i], record->kind, &record->value[rules[i].field]);
		if (fault->err)
			fault->field = rules[i].field;
	}
	return fault->err;
}

enum tuy_err tuy_record_write(const struct tuy_record *record, struct tuy_writer *w)
{
	uint32_t pairs = record->has_ref ? KEY_FIELDS : KEY_FIELDS - 1;
	for (size_t i = 0; i < RULES; i++)
		pairs += record->value[rules[i].field].present ? 1 : 0;
	tuy_write_map(w, pairs);
	tuy_write_uint(w, KEY_KIND);
	tuy_write_uint(w, record->kind);
	tuy_write_uint(w, KEY_NONCE);
	tuy_write_bin(w, record->nonce.b, sizeof record->nonce.b);
	tuy_write_uint(w, KEY_REV);
	tuy_write_uint(w, record->rev);
	if (record->has_ref) {
		tuy_write_uint(w, KEY_REF);
		tuy_write_bin(w, record->ref.b, sizeof record->ref.b);
	}
	for (size_t i = 0; i < RULES; i++) {
		const struct tuy_value *value = &record->value[rules[i].field];
		if (!value->present)
			continue;
		tuy_write_uint(w, rules[i].field);
		value_write(w, &rules[i], value);
	}
	return w->err;
}

enum tuy_err tuy_record_read(struct tuy_bytes doc, struct tuy_record *record)
{
	/* A record is whole: what ends too early is as unreadable as what is malformed. */
	enum tuy_err err = tuy_scan(doc, TUY_CANONICAL);
	if (err)
		return err == TUY_E_SHORT ? TUY_E_FORMAT : err;
	struct tuy_record out;
	memset(&out, 0, sizeof out);
	struct tuy_reader r = tuy_reader(doc);
	uint32_t pairs = tuy_read_map(&r, TUY_MSGPACK_NODES);
	uint32_t common = 0; /* bits of the keys below KEY_REF that were there */
	for (uint32_t i = 0; i < pairs && !r.err; i++) {
		uint64_t key = tuy_read_uint(&r, UINT64_MAX);
		if (key < KEY_REF)
			common |= UINT32_C(1) << key;
		pair_read(&r, key, doc.len, &out);
	}
	err = tuy_read_end(&r);
	if (!err && common != (UINT32_C(1) << KEY_REF) - 1)
		err = TUY_E_FORMAT;
	struct tuy_record_fault fault;
	if (!err)
		err = tuy_record_check(&out, &fault);
	if (err)
		return err == TUY_E_LIMIT ? TUY_E_LIMIT : TUY_E_FORMAT;
	*record = out;
	return TUY_OK;
}

struct tuy_object tuy_object_id(const struct tuy_circle *circle, const struct tuy_member *author,
                                const struct tuy_tag *nonce)
{
	struct tuy_hash hash = tuy_hash("tuyau object v1", TUY_BYTES(circle->b),
	                                TUY_BYTES(author->b), TUY_BYTES(nonce->b));
	struct tuy_object id;
	memcpy(id.b, hash.b, sizeof id.b);
	return id;
}

bool tuy_record_is_act(enum tuy_record_kind kind)
{
	return kind >= TUY_RECORD_ANSWER && kind <= TUY_RECORD_THANKS;
}

const char *tuy_ask_name(uint64_t ask)
{
	return ask >= 1 && ask <= ASK_NAMES ? ask_names[ask - 1] : NULL;
}

uint64_t tuy_ask_named(struct tuy_bytes name)
{
	return name_find(name, ask_names, ASK_NAMES);
}
