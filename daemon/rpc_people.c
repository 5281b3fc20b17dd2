#include "rpc_people.h"
#include "../proto/text.h"
#include <stdlib.h>
#include <string.h>

#define HEX_DIGITS_LEAST 4
#define FROM_DIGITS      8 /* of an id that stands for a name */

static void name_copy(char out[RPC_NAME_MAX], struct tuy_bytes text)
{
	size_t len = tuy_text_cut(text, RPC_NAME_MAX - 1);
	if (len > 0)
		memcpy(out, text.p, len);
	out[len] = '\0';
}

static void name_fold(char out[RPC_NAME_MAX], const char *name)
{
	size_t len = 0;
	tuy_text_fold(tuy_text_bytes(name), (uint8_t *)out, RPC_NAME_MAX - 1, &len);
	out[len] = '\0';
}

/* "Vendredi 18h" gives "vendredi-18h": folded, with a dash for each run of anything else than
 * letters and digits. */
static void slug_make(char out[RPC_NAME_MAX], const char *name)
{
	char folded[RPC_NAME_MAX];
	size_t len = 0;
	name_fold(folded, name);
	for (const char *p = folded; *p != '\0'; p++) {
		bool word = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
		            (unsigned char)*p >= 0x80;
		if (word)
			out[len++] = *p;
		else if (len > 0 && out[len - 1] != '-')
			out[len++] = '-';
	}
	while (len > 0 && out[len - 1] == '-')
		len--;
	out[len] = '\0';
}

/* Whether `text` is the beginning of these bytes in hex: at least 4 digits. */
static bool hex_begins(struct tuy_bytes text, struct tuy_bytes bytes)
{
	char hex[2 * 32 + 1];
	rpc_hex_text(bytes, hex, sizeof hex);
	if (text.len < HEX_DIGITS_LEAST || text.len >= sizeof hex)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];
		if (c >= 'A' && c <= 'F')
			c = (uint8_t)(c - 'A' + 'a');
		if (c != (uint8_t)hex[i])
			return false;
	}
	return true;
}

static struct tuy_bytes field(const struct tuy_record *record, enum tuy_field which)
{
	const struct tuy_value *value = &record->value[which];
	return value->present ? value->text : (struct tuy_bytes){ 0 };
}

/* rpc_record_get, but what it gave before stays good: names are read anew while it is shown. */
static bool record_read(struct rpc_home *home, struct store_reading *reading,
                        const struct view_object *object, struct tuy_record *record)
{
	return view_record(reading, &home->d->keys->device, object, home->named, record) == 0;
}

static void person_read(struct rpc_home *home, struct store_reading *reading, uint32_t circle_no,
                        struct rpc_person *person)
{
	struct view_object object;
	struct tuy_record record;
	rpc_hex_text((struct tuy_bytes){ person->member.b, FROM_DIGITS / 2 }, person->from,
	             sizeof person->from);
	if (view_profile(reading, circle_no, &person->member, &object) != 0 ||
	    !record_read(home, reading, &object, &record))
		return;
	person->has_profile = true;
	name_copy(person->name, field(&record, TUY_FIELD_NAME));
	name_fold(person->folded, person->name);
	name_copy(person->company, field(&record, TUY_FIELD_COMPANY));
	name_copy(person->seat, field(&record, TUY_FIELD_SEAT));
}

/* The first `len` bytes of the folded names are the same and end a word in both. */
static bool begins_same(const struct rpc_person *a, const struct rpc_person *b, size_t len)
{
	return strncmp(a->folded, b->folded, len) == 0 &&
	       (b->folded[len] == '\0' || b->folded[len] == ' ');
}

/* `from` of everybody: the first word of the name unless another one begins so, then the whole
 * name, then digits of the id. */
static void handles_make(struct rpc_circle *circle)
{
	for (uint32_t i = 0; i < circle->people_count; i++) {
		struct rpc_person *p = &circle->people[i];
		size_t word = strcspn(p->folded, " ");
		uint32_t alike = 0; /* by the first word, itself included */
		uint32_t equal = 0; /* by the whole name */
		for (uint32_t k = 0; k < circle->people_count; k++) {
			alike += begins_same(p, &circle->people[k], word);
			equal += strcmp(p->folded, circle->people[k].folded) == 0;
		}
		if (p->folded[0] == '\0' || equal > 1)
			continue;
		memcpy(p->from, p->folded, sizeof p->from);
		if (alike == 1)
			p->from[word] = '\0';
	}
}

/* Everybody who has a device in the circle, each once; NULL and 0 if there is no memory. */
static void people_collect(struct rpc_home *home, struct rpc_circle *circle)
{
	struct tuy_node *node = home->d->node;
	struct tuy_device_info info;
	uint32_t devices = 0;
	while (tuy_node_device(node, circle->circle_no, devices, &info) == TUY_OK)
		devices++;
	free(circle->people);
	circle->people_count = 0;
	circle->people = calloc(devices > 0 ? devices : 1, sizeof *circle->people);
	for (uint32_t i = 0; i < devices && circle->people; i++) {
		if (tuy_node_device(node, circle->circle_no, i, &info) != TUY_OK)
			break;
		if (!rpc_person_get(circle, &info.member))
			circle->people[circle->people_count++].member = info.member;
	}
}

static void circle_read(struct rpc_home *home, struct store_reading *reading,
                        struct rpc_circle *circle)
{
	struct view_object object;
	struct tuy_record record;
	circle->has_name = view_circle(reading, circle->circle_no, &object) == 0 &&
	                   record_read(home, reading, &object, &record) &&
	                   field(&record, TUY_FIELD_NAME).len > 0;
	if (circle->has_name)
		name_copy(circle->name, field(&record, TUY_FIELD_NAME));
	else if (circle->welcome[0] != '\0')
		memcpy(circle->name, circle->welcome, sizeof circle->name);
	else
		rpc_hex_text((struct tuy_bytes){ circle->id.b, FROM_DIGITS / 2 }, circle->name,
		             sizeof circle->name);
	slug_make(circle->slug, circle->name);
	if (circle->slug[0] == '\0')
		rpc_hex_text((struct tuy_bytes){ circle->id.b, FROM_DIGITS / 2 }, circle->slug,
		             sizeof circle->slug);
	people_collect(home, circle);
	for (uint32_t i = 0; i < circle->people_count; i++)
		person_read(home, reading, circle->circle_no, &circle->people[i]);
	handles_make(circle);
	circle->fresh = circle->people != NULL;
}

/* Appends a circle's name and digits to a list within a message. */
static void which_list(char *out, size_t out_size, const struct rpc_circle *circle)
{
	char id[FROM_DIGITS + 1];
	size_t len = strlen(out);
	rpc_hex_text((struct tuy_bytes){ circle->id.b, FROM_DIGITS / 2 }, id, sizeof id);
	const char *parts[] = { len > 0 ? ", " : "", circle->name, " (", id, ")" };
	size_t need = 0;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		need += strlen(parts[i]);
	if (len + need + 1 > out_size)
		return;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		size_t part = strlen(parts[i]);
		memcpy(out + len, parts[i], part + 1);
		len += part;
	}
}

static bool circle_called(const struct rpc_circle *circle, struct tuy_bytes text)
{
	return tuy_text_equal(text, tuy_text_bytes(circle->name)) ||
	       tuy_text_equal(text, tuy_text_bytes(circle->slug)) ||
	       hex_begins(text, (struct tuy_bytes){ circle->id.b, sizeof circle->id.b });
}

/* The circle meant by `text` (.len 0: the only one). NULL: the call has failed. */
static struct rpc_circle *circle_choose(struct rpc_call *call, struct store_reading *reading,
                                        struct tuy_bytes text)
{
	struct rpc_circle *found = NULL;
	uint32_t count = 0;
	uint32_t all = 0;
	char list[300] = "";
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		struct rpc_circle *circle = rpc_circle_get(call->home, reading, i);
		if (!circle)
			continue;
		all++;
		if (text.len > 0 && !circle_called(circle, text))
			continue;
		which_list(list, sizeof list, circle);
		found = circle;
		count++;
	}
	if (count == 1)
		return found;
	if (all == 0)
		rpc_fail(call, "T-NO-CIRCLE",
		         "With an invitation: tuyau join CODE. To begin a circle: tuyau new NAME",
		         "You are in no circle yet.");
	else if (count == 0)
		rpc_fail(call, "T-CIRCLE-UNKNOWN", "tuyau circle list",
		         "You are in no circle called \"%.*s\".",
		         (int)tuy_text_cut(text, RPC_NAME_MAX), (const char *)text.p);
	else
		rpc_fail(call, "T-CIRCLE-WHICH", "tuyau -C NAME ...", "Which circle: %s?", list);
	return NULL;
}

/* The param `circle`; .len 0: not given. -1: the call has failed. */
static int circle_text(struct rpc_call *call, struct tuy_bytes *text)
{
	struct rpc_fault fault;
	*text = (struct tuy_bytes){ 0 };
	if (rpc_param_text(call->params, "circle", 2 * RPC_NAME_MAX, text, &fault) >= 0)
		return 0;
	rpc_fail_fault(call, &fault);
	return -1;
}

static bool person_called(const struct rpc_person *person, struct tuy_bytes text)
{
	return (person->has_profile && tuy_text_equal(text, tuy_text_bytes(person->name))) ||
	       tuy_text_equal(text, tuy_text_bytes(person->from)) ||
	       hex_begins(text, (struct tuy_bytes){ person->member.b, sizeof person->member.b });
}

/* A first name that several have is nobody's `from`. */
static bool first_name_is(const struct rpc_person *person, struct tuy_bytes text)
{
	size_t len = strcspn(person->folded, " ");
	return tuy_text_equal(text, (struct tuy_bytes){ (const uint8_t *)person->folded, len });
}

struct rpc_circle *rpc_circle_get(struct rpc_home *home, struct store_reading *reading,
                                  uint32_t circle_no)
{
	struct tuy_circle_info info;
	if (circle_no >= TUY_CIRCLES_MAX ||
	    tuy_node_circle(home->d->node, circle_no, &info) != TUY_OK)
		return NULL;
	struct rpc_circle *circle = &home->circle[circle_no];
	if (circle->used && memcmp(&circle->id, &info.id, sizeof info.id) != 0)
		circle->welcome[0] = '\0';
	if (!circle->used || memcmp(&circle->id, &info.id, sizeof info.id) != 0)
		circle->fresh = false;
	circle->used = true;
	circle->circle_no = circle_no;
	circle->id = info.id;
	if (!circle->fresh)
		circle_read(home, reading, circle);
	return circle;
}

void rpc_circle_welcome(struct rpc_home *home, uint32_t circle_no, struct tuy_bytes name)
{
	struct tuy_circle_info info;
	if (circle_no >= TUY_CIRCLES_MAX ||
	    tuy_node_circle(home->d->node, circle_no, &info) != TUY_OK)
		return;
	struct rpc_circle *circle = &home->circle[circle_no];
	circle->used = true;
	circle->fresh = false;
	circle->id = info.id;
	size_t len = 0; /* a peer's: it may hold anything */
	tuy_text_scrub(name, TUY_TEXT_ONE_LINE, (uint8_t *)circle->welcome, RPC_NAME_MAX - 1, &len);
	circle->welcome[len] = '\0';
}

void rpc_circle_stale(struct rpc_home *home, uint32_t circle_no)
{
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		if (circle_no == UINT32_MAX || circle_no == i)
			home->circle[i].fresh = false;
	}
}

struct rpc_circle *rpc_circle_param(struct rpc_call *call, struct store_reading *reading)
{
	struct tuy_bytes text;
	return circle_text(call, &text) == 0 ? circle_choose(call, reading, text) : NULL;
}

int rpc_circle_param_any(struct rpc_call *call, struct store_reading *reading,
                         struct rpc_circle **circle)
{
	struct tuy_bytes text;
	*circle = NULL;
	if (circle_text(call, &text) != 0)
		return -1;
	if (text.len == 0 && rpc_circle_count(call->home) > 0)
		return 0;
	*circle = circle_choose(call, reading, text);
	return *circle ? 0 : -1;
}

uint32_t rpc_circle_count(struct rpc_home *home)
{
	struct tuy_circle_info info;
	uint32_t count = 0;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		count += tuy_node_circle(home->d->node, i, &info) == TUY_OK;
	return count;
}

const struct rpc_person *rpc_person_get(const struct rpc_circle *circle,
                                        const struct tuy_member *member)
{
	for (uint32_t i = 0; i < circle->people_count; i++) {
		if (memcmp(&circle->people[i].member, member, sizeof *member) == 0)
			return &circle->people[i];
	}
	return NULL;
}

uint32_t rpc_person_find(const struct rpc_circle *circle, struct tuy_bytes text,
                         const struct rpc_person **person)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < circle->people_count; i++) {
		if (person_called(&circle->people[i], text) && count++ == 0)
			*person = &circle->people[i];
	}
	if (count > 0)
		return count;
	for (uint32_t i = 0; i < circle->people_count; i++) {
		if (first_name_is(&circle->people[i], text) && count++ == 0)
			*person = &circle->people[i];
	}
	return count;
}

bool rpc_person_meant(const struct rpc_person *person, struct tuy_bytes text)
{
	if (text.len > 1 && text.p[0] == '@')
		return person->seat[0] != '\0' &&
		       tuy_text_equal((struct tuy_bytes){ text.p + 1, text.len - 1 },
		                      tuy_text_bytes(person->seat));
	return text.len > 0 && person_called(person, text);
}
