#include "rpc_params.h"
#include "../proto/life.h"
#include "../proto/limits.h"
#include "../proto/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define METHOD_MAX   32
#define PARAMS_MAX   64 /* pairs of one map */
#define REQUEST_TYPE 0
#define SHOWN_MAX    40 /* bytes of what was typed that an error shows */

static const char *const claims_names[] = { "first", "pick", "many" };
#define CLAIMS_NAMES (sizeof claims_names / sizeof claims_names[0])

/* Parts of a contact card: they are sealed for one member, which needs claims. */

static bool text_is(struct tuy_bytes text, const char *name)
{
	return text.len == strlen(name) && memcmp(text.p, name, text.len) == 0;
}

/* A typed text within an error message: short, and on one line. */
struct shown {
	char text[SHOWN_MAX * 3 + 4];
};
static struct shown shown_make(struct tuy_bytes text)
{
	struct shown out;
	size_t cut = tuy_text_cut(text, SHOWN_MAX);
	size_t len = 0;
	tuy_text_scrub((struct tuy_bytes){ text.p, cut }, TUY_TEXT_ONE_LINE, (uint8_t *)out.text,
	               sizeof out.text - 4, &len);
	snprintf(out.text + len, 4, "%s", cut < text.len ? "\xe2\x80\xa6" : "");
	return out;
}

/* One value of any type; the cursor is behind it. */
static struct tuy_bytes value_read(struct tuy_reader *r)
{
	if (r->err)
		return (struct tuy_bytes){ 0 };
	struct tuy_bytes value = { r->p, (size_t)(r->end - r->p) };
	tuy_read_fail(r, tuy_scan_first(value, TUY_RPC, &value.len));
	if (r->err)
		return (struct tuy_bytes){ 0 };
	r->p += value.len;
	return value;
}

/* One pair of a map; the cursor is behind it. Scanned before: only a head that is longer than it
 * needs to be can fail. */
struct pair {
	struct tuy_bytes key;
	struct tuy_bytes value;
};
static bool pair_read(struct tuy_reader *r, struct pair *pair)
{
	pair->key = tuy_read_str(r, 0, RPC_KEY_MAX);
	pair->value = value_read(r);
	return !r->err;
}

/* Whether `map` is a whole map with text keys. */
static enum tuy_err map_check(struct tuy_bytes map)
{
	struct tuy_reader r = tuy_reader(map);
	uint32_t count = tuy_read_map(&r, PARAMS_MAX);
	struct pair pair;
	for (uint32_t i = 0; i < count && !r.err; i++)
		pair_read(&r, &pair);
	return tuy_read_end(&r);
}

/* The value under `name`; false if there is none or it is nil. */
static bool value_find(struct tuy_bytes map, const char *name, struct tuy_reader *out)
{
	if (map.len == 0)
		return false;
	struct tuy_reader r = tuy_reader(map);
	uint32_t count = tuy_read_map(&r, PARAMS_MAX);
	struct pair pair;
	for (uint32_t i = 0; i < count && pair_read(&r, &pair); i++) {
		if (!text_is(pair.key, name))
			continue;
		*out = tuy_reader(pair.value);
		return !tuy_read_nil(out);
	}
	return false;
}

static bool name_listed(struct tuy_bytes name, const char *known)
{
	char padded[RPC_KEY_MAX + 3];
	if (name.len > RPC_KEY_MAX || memchr(name.p, ' ', name.len))
		return false;
	snprintf(padded, sizeof padded, " %.*s ", (int)name.len, (const char *)name.p);
	return strstr(known, padded) != NULL;
}

/* A text or name of a list for a number field ("first" for claims 0). */
static int named_read(const struct tuy_field_rule *rule, struct tuy_bytes name, uint64_t *number,
                      struct rpc_fault *fault)
{
	if (rule->field == TUY_FIELD_ASK) {
		*number = tuy_ask_named(name);
		if (*number != 0)
			return 0;
		return rpc_fault_set(fault, "T-USAGE", "tuyau help ask",
		                     "\"%s\" is no kind of ask: profile, intro, vouch, news or "
		                     "supplier.",
		                     shown_make(name).text);
	}
	if (rule->field == TUY_FIELD_HOW) {
		*number = tuy_answer_named(name);
		if (*number != 0)
			return 0;
		return rpc_fault_set(fault, "T-USAGE", "tuyau help answer",
		                     "how: person, relay, moved, intro or me.");
	}
	if (rule->field == TUY_FIELD_CLAIMS) {
		for (size_t i = 0; i < CLAIMS_NAMES; i++) {
			if (text_is(name, claims_names[i])) {
				*number = i;
				return 0;
			}
		}
		return rpc_fault_set(fault, "T-USAGE", "tuyau help tip",
		                     "claims: first, pick or many, not \"%s\".",
		                     shown_make(name).text);
	}
	return rpc_fault_set(fault, "T-USAGE", "", "%s must be a number.", rule->name);
}

static void list_read(struct tuy_reader *r, struct tuy_value *value)
{
	value->count = tuy_read_array(r, 0, TUY_TAGS_MAX);
	for (uint32_t i = 0; i < value->count && !r->err; i++)
		value->item[i] = tuy_read_str(r, 0, SIZE_MAX);
	value->present = value->count > 0;
}

static int type_fault(const struct tuy_field_rule *rule, struct rpc_fault *fault)
{
	static const char *const wanted[] = {
		[TUY_TYPE_STR] = N_("%s must be a text."),
		[TUY_TYPE_UINT] = N_("%s must be a number."),
		[TUY_TYPE_BOOL] = N_("%s must be true or false."),
		[TUY_TYPE_LIST] = N_("%s must be a list of texts."),
		[TUY_TYPE_BIN] = N_("%s must be left out."),
	};
	return rpc_fault_set(fault, "T-USAGE", "", wanted[rule->type], rule->name);
}

static int field_read(const struct tuy_field_rule *rule, struct tuy_bytes bytes,
                      struct tuy_value *value, struct rpc_fault *fault)
{
	struct tuy_reader r = tuy_reader(bytes);
	*value = (struct tuy_value){ 0 };
	if (tuy_read_nil(&r))
		return 0;
	value->present = true;
	switch (rule->type) {
	case TUY_TYPE_STR:
		value->text = tuy_read_str(&r, 0, SIZE_MAX);
		value->present = value->text.len > 0;
		break;
	case TUY_TYPE_UINT:
		if (tuy_read_peek(&r) == TUY_IS_STR)
			return named_read(rule, tuy_read_str(&r, 0, SIZE_MAX), &value->number,
			                  fault);
		value->number = tuy_read_uint(&r, UINT64_MAX);
		break;
	case TUY_TYPE_BOOL:
		value->number = tuy_read_bool(&r) ? 1 : 0;
		break;
	case TUY_TYPE_LIST:
		list_read(&r, value);
		if (r.err == TUY_E_LIMIT)
			return rpc_fault_set(fault, "T-USAGE", "", "%s: at most %d.", rule->name,
			                     TUY_TAGS_MAX);
		break;
	case TUY_TYPE_BIN: /* ids are the daemon's to write */
		tuy_read_fail(&r, TUY_E_FORMAT);
		break;
	}
	if (tuy_read_end(&r) == TUY_OK)
		return 0;
	return type_fault(rule, fault);
}

enum tuy_err rpc_request_read(struct tuy_bytes stream, struct rpc_request *request, size_t *len)
{
	size_t used = 0;
	enum tuy_err err = tuy_scan_first(stream, TUY_RPC, &used);
	if (err)
		return err;
	struct tuy_reader r = tuy_reader((struct tuy_bytes){ stream.p, used });
	struct rpc_request out = { 0 };
	tuy_read_array(&r, 4, 4);
	tuy_read_uint(&r, REQUEST_TYPE);
	out.msgid = (uint32_t)tuy_read_uint(&r, UINT32_MAX);
	out.method = tuy_read_str(&r, 1, METHOD_MAX);
	uint32_t given = tuy_read_array(&r, 0, 2);
	if (given > 0)
		out.params = value_read(&r);
	if (given > 1) {
		struct tuy_bytes lang = tuy_read_str(&r, 0, RPC_KEY_MAX);
		out.lang = lang_named((const char *)lang.p, lang.len);
	}
	err = tuy_read_end(&r);
	if (!err && out.params.len > 0)
		err = map_check(out.params);
	/* The document is whole: what does not fit now never will. */
	if (err)
		return err == TUY_E_SHORT ? TUY_E_FORMAT : err;
	*request = out;
	*len = used;
	return TUY_OK;
}

int rpc_fault_set(struct rpc_fault *fault, const char *code, const char *hint, const char *message,
                  ...)
{
	va_list args;
	fault->code = code;
	snprintf(fault->hint, sizeof fault->hint, "%s", hint);
	va_start(args, message);
	vsnprintf(fault->message, sizeof fault->message, message, args);
	va_end(args);
	va_start(args, message);
	vsnprintf(fault->french, sizeof fault->french, lang_text(LANG_FR, message), args);
	va_end(args);
	return -1;
}

int rpc_params_check(struct tuy_bytes params, const char *known, struct rpc_fault *fault)
{
	if (params.len == 0)
		return 0;
	struct tuy_reader r = tuy_reader(params);
	uint32_t count = tuy_read_map(&r, PARAMS_MAX);
	struct pair pair;
	for (uint32_t i = 0; i < count && pair_read(&r, &pair); i++) {
		if (name_listed(pair.key, known))
			continue;
		return rpc_fault_set(fault, "T-USAGE", "tuyau help", "\"%s\" means nothing here.",
		                     shown_make(pair.key).text);
	}
	return 0;
}

int rpc_param_text(struct tuy_bytes params, const char *name, size_t max, struct tuy_bytes *out,
                   struct rpc_fault *fault)
{
	struct tuy_reader r;
	if (!value_find(params, name, &r))
		return 0;
	struct tuy_bytes text = tuy_read_str(&r, 0, SIZE_MAX);
	if (tuy_read_end(&r) != TUY_OK)
		return rpc_fault_set(fault, "T-USAGE", "", "%s must be a text.", name);
	if (text.len > max)
		return rpc_fault_set(fault, "T-USAGE", "", "%s: %zu bytes; at most %zu.", name,
		                     text.len, max);
	if (text.len == 0)
		return 0;
	*out = text;
	return 1;
}

int rpc_param_line(struct tuy_bytes params, const char *name, size_t max, struct tuy_bytes *out,
                   struct rpc_fault *fault)
{
	int there = rpc_param_text(params, name, max, out, fault);
	if (there <= 0 || tuy_text_check(*out, TUY_TEXT_ONE_LINE, NULL) == TUY_TEXT_CLEAN)
		return there;
	return rpc_fault_set(fault, "T-USAGE", "",
	                     "%s holds control characters or line ends; type it again without "
	                     "them.",
	                     name);
}

int rpc_param_texts(struct tuy_bytes params, const char *name, size_t max, struct tuy_bytes *out,
                    uint32_t *count, struct rpc_fault *fault)
{
	struct tuy_reader r;
	if (!value_find(params, name, &r))
		return 0;
	uint32_t there = tuy_read_array(&r, 0, *count);
	if (r.err == TUY_E_LIMIT)
		return rpc_fault_set(fault, "T-USAGE", "", "%s: at most %u.", name, *count);
	for (uint32_t i = 0; i < there && !r.err; i++) {
		out[i] = tuy_read_str(&r, 0, SIZE_MAX);
		if (out[i].len > max)
			return rpc_fault_set(fault, "T-USAGE", "", "%s: %zu bytes; at most %zu.",
			                     name, out[i].len, max);
	}
	if (tuy_read_end(&r) != TUY_OK)
		return rpc_fault_set(fault, "T-USAGE", "", "%s must be a list of texts.", name);
	if (there == 0)
		return 0;
	*count = there;
	return 1;
}

int rpc_param_uint(struct tuy_bytes params, const char *name, uint32_t min, uint32_t max,
                   uint32_t *out, struct rpc_fault *fault)
{
	struct tuy_reader r;
	if (!value_find(params, name, &r))
		return 0;
	uint64_t value = tuy_read_uint(&r, UINT64_MAX);
	if (tuy_read_end(&r) != TUY_OK || value < min || value > max)
		return rpc_fault_set(fault, "T-USAGE", "", "%s must be a number of %u to %u.", name,
		                     min, max);
	*out = (uint32_t)value;
	return 1;
}

int rpc_param_flag(struct tuy_bytes params, const char *name, bool *out, struct rpc_fault *fault)
{
	struct tuy_reader r;
	if (!value_find(params, name, &r))
		return 0;
	bool value = tuy_read_bool(&r);
	if (tuy_read_end(&r) != TUY_OK)
		return rpc_fault_set(fault, "T-USAGE", "", "%s must be true or false.", name);
	*out = value;
	return 1;
}

int rpc_param_map(struct tuy_bytes params, const char *name, struct tuy_bytes *out,
                  struct rpc_fault *fault)
{
	struct tuy_reader r;
	if (!value_find(params, name, &r))
		return 0;
	struct tuy_bytes map = { r.p, (size_t)(r.end - r.p) };
	if (map_check(map) != TUY_OK)
		return rpc_fault_set(fault, "T-USAGE", "", "%s must be a map of names.", name);
	*out = map;
	return 1;
}

int rpc_fields_read(struct tuy_bytes fields, struct tuy_record *record, struct rpc_fault *fault)
{
	if (fields.len == 0)
		return 0;
	struct tuy_reader r = tuy_reader(fields);
	uint32_t count = tuy_read_map(&r, PARAMS_MAX);
	struct pair pair;
	for (uint32_t i = 0; i < count && pair_read(&r, &pair); i++) {
		struct tuy_bytes name = pair.key;
		if (record->kind == TUY_RECORD_TIP && text_is(name, "need"))
			name = tuy_text_bytes("text");
		const struct tuy_field_rule *rule = tuy_field_rule_named(name);
		if (!rule || !(rule->kinds & UINT32_C(1) << record->kind)) {
			return rpc_fault_set(fault, "T-USAGE", "tuyau help",
			                     "There is no \"%s\" here.", shown_make(name).text);
		}
		if (field_read(rule, pair.value, &record->value[rule->field], fault) != 0)
			return -1;
	}
	return 0;
}

int rpc_record_check(const struct tuy_record *record, struct rpc_fault *fault)
{
	struct tuy_record_fault found;
	if (tuy_record_check(record, &found) == TUY_OK)
		return 0;
	const struct tuy_field_rule *rule = tuy_field_rule(found.field);
	if (!rule)
		return rpc_fault_set(fault, "T-USAGE", "", "This cannot be written.");
	bool is_need = record->kind == TUY_RECORD_TIP && rule->field == TUY_FIELD_TEXT;
	const char *name = is_need ? "need" : rule->name;
	uint32_t max = rule->max;
	if (rule->field == TUY_FIELD_TEXT && record->kind == TUY_RECORD_ASK)
		max = RPC_ASK_TEXT_MAX;
	else if (rule->field == TUY_FIELD_TEXT && record->kind != TUY_RECORD_TIP)
		max = record->kind == TUY_RECORD_ANSWER ? RPC_ASK_TEXT_MAX : RPC_NOTE_MAX;
	if (found.err == TUY_E_SHORT)
		return rpc_fault_set(fault, "T-USAGE", "", "%s is missing.", name);
	if (found.err == TUY_E_LIMIT && rule->type == TUY_TYPE_STR)
		return rpc_fault_set(fault, "T-USAGE", "", "%s: %zu bytes; at most %u.", name,
		                     record->value[rule->field].text.len, max);
	if (found.err == TUY_E_LIMIT)
		return rpc_fault_set(fault, "T-USAGE", "", "%s: at most %d, of %d bytes each.",
		                     name, TUY_TAGS_MAX, TUY_TAG_MAX);
	if (rule->field == TUY_FIELD_WARMTH)
		return rpc_fault_set(
			fault, "T-USAGE", "tuyau help tip",
			"warmth: 0 to 5. 3 = I spoke for you, 4 = I arranged the call.");
	if (rule->field == TUY_FIELD_LINK)
		return rpc_fault_set(fault, "T-USAGE", "tuyau help tip",
		                     "link: client, colleague, friend, supplier or heard.");
	if (rule->type == TUY_TYPE_UINT)
		return rpc_fault_set(fault, "T-USAGE", "", "%s: a number up to %u.", name, max);
	if (rule->multiline)
		return rpc_fault_set(fault, "T-USAGE", "",
		                     "%s holds control characters; type it again without them.",
		                     name);
	return rpc_fault_set(fault, "T-USAGE", "",
	                     "%s holds control characters or line ends; type it again without "
	                     "them.",
	                     name);
}

const char *rpc_claims_name(uint64_t claims)
{
	return claims < CLAIMS_NAMES ? claims_names[claims] : NULL;
}
