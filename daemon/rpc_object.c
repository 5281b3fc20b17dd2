#include "rpc_object.h"
#include "log.h"
#include "rpc_life_put.h"
#include "view_life.h"
#include "rpc_people.h"
#include "rpc_watch.h"
#include "../proto/log.h"
#include "../proto/text.h"
#include <string.h>

/* A field's value under its name; nil if it is not there. */
static void value_put(struct rpc_out *out, const struct tuy_field_rule *rule, const char *key,
                      const struct tuy_value *value)
{
	if (!value->present) {
		rpc_put_nil(out, key);
		return;
	}
	switch (rule->type) {
	case TUY_TYPE_STR:
		rpc_put_text(out, key, value->text);
		break;
	case TUY_TYPE_UINT:
		if (rule->field == TUY_FIELD_CLAIMS)
			rpc_put_str(out, key, rpc_claims_name(value->number));
		else
			rpc_put_uint(out, key, value->number);
		break;
	case TUY_TYPE_BOOL:
		rpc_put_flag(out, key, value->number != 0);
		break;
	case TUY_TYPE_LIST:
		rpc_open_array(out, key);
		for (uint32_t i = 0; i < value->count; i++)
			rpc_put_text(out, NULL, value->item[i]);
		rpc_close_one(out);
		break;
	case TUY_TYPE_BIN:
		rpc_put_hex(out, key, value->text);
		break;
	}
}

static void field_put(struct rpc_out *out, const struct tuy_record *record, enum tuy_field field)
{
	const struct tuy_field_rule *rule = tuy_field_rule(field);
	value_put(out, rule, rule->name, &record->value[field]);
}

static void company_put(struct rpc_out *out, const struct tuy_record *record)
{
	const struct tuy_value *domain = &record->value[TUY_FIELD_DOMAIN];
	const struct tuy_value *siren = &record->value[TUY_FIELD_SIREN];
	const struct tuy_value *name = &record->value[TUY_FIELD_COMPANY];
	if (!name->present && !domain->present && !siren->present) {
		rpc_put_nil(out, "company");
		return;
	}
	rpc_open_map(out, "company");
	value_put(out, tuy_field_rule(TUY_FIELD_COMPANY), "name", name);
	if (domain->present)
		field_put(out, record, TUY_FIELD_DOMAIN);
	if (siren->present)
		field_put(out, record, TUY_FIELD_SIREN);
	rpc_close_one(out);
}

/* Every field of its own kind, those that programs count on always, the others if given. */
static void fields_put(struct rpc_out *out, const struct tuy_record *record)
{
	bool tip = record->kind == TUY_RECORD_TIP;
	if (tip)
		field_put(out, record, TUY_FIELD_TITLE);
	value_put(out, tuy_field_rule(TUY_FIELD_TEXT), tip ? "need" : "text",
	          &record->value[TUY_FIELD_TEXT]);
	company_put(out, record);
	field_put(out, record, TUY_FIELD_ROLE);
	if (tip) {
		field_put(out, record, TUY_FIELD_WARMTH);
		field_put(out, record, TUY_FIELD_TOLD);
	}
	struct tuy_value tags = record->value[TUY_FIELD_TAGS];
	tags.present = true; /* an empty list rather than nil */
	value_put(out, tuy_field_rule(TUY_FIELD_TAGS), "tags", &tags);
	field_put(out, record, TUY_FIELD_LANG);
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
		bool done = f == TUY_FIELD_TITLE || f == TUY_FIELD_TEXT || f == TUY_FIELD_COMPANY ||
		            f == TUY_FIELD_DOMAIN || f == TUY_FIELD_SIREN || f == TUY_FIELD_ROLE ||
		            f == TUY_FIELD_WARMTH || f == TUY_FIELD_TOLD || f == TUY_FIELD_TAGS ||
		            f == TUY_FIELD_LANG || f == TUY_FIELD_ASK || f == TUY_FIELD_UNTIL;
		if (!done && record->value[f].present)
			field_put(out, record, (enum tuy_field)f);
	}
}

static void author_put(const struct rpc_circle *circle, const struct tuy_member *member,
                       struct rpc_out *out)
{
	char digits[9];
	const struct rpc_person *person = circle ? rpc_person_get(circle, member) : NULL;
	rpc_hex_text((struct tuy_bytes){ member->b, 4 }, digits, sizeof digits);
	rpc_put_str(out, "from", person ? person->from : digits);
}

static bool member_is_own(const struct rpc_home *home, const struct tuy_member *member)
{
	const struct keys *keys = home->d->keys;
	return keys->certified && memcmp(&keys->cert.member, member, sizeof *member) == 0;
}

void rpc_object_put(struct rpc_home *home, struct store_reading *reading,
                    const struct view_object *object, const struct tuy_record *record,
                    struct rpc_out *out)
{
	const struct rpc_circle *circle = rpc_circle_get(home, reading, object->circle_no);
	struct tuy_delivery delivery =
		tuy_node_delivery(home->d->node, object->log_no, object->seq);
	uint32_t now_s = loop_now(home->d).wall_s;
	/* the record's spans are gone once others are opened */
	enum rpc_silence silent = record && record->value[TUY_FIELD_HIDE_COUNT].number == 1
	                                  ? RPC_SILENT
	                                  : RPC_COUNTED;
	char id[TUY_OBJECT_TEXT];
	tuy_object_text(&object->id, id);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "id", id);
	rpc_put_text(
		out, "short",
		(struct tuy_bytes){ (const uint8_t *)id, view_short_len(reading, &object->id) });
	rpc_put_str(out, "kind", object->kind == TUY_RECORD_TIP ? "tip" : "ask");
	if (object->kind == TUY_RECORD_ASK)
		rpc_put_str(out, "ask", tuy_ask_name(object->ask));
	rpc_put_str(out, "circle", circle ? circle->slug : NULL);
	author_put(circle, &object->member, out);
	rpc_put_flag(out, "mine", member_is_own(home, &object->member));
	rpc_put_time(out, "created", object->created_s);
	rpc_put_str(out, "state",
	            view_state_name(view_state_at(object->state, object->expires_s, now_s)));
	if (record)
		fields_put(out, record);
	else
		rpc_put_flag(out, "unreadable", true);
	rpc_watch_matched_put(home, reading, object, record, out);
	rpc_put_time(out, "expires", object->expires_s);
	rpc_open_map(out, "delivery");
	rpc_put_uint(out, "peers", delivery.of);
	rpc_put_uint(out, "have_it", delivery.have);
	rpc_close_one(out);
	rpc_life_put(home, reading, object, silent, out);
}

void rpc_profile_put(const struct rpc_circle *circle, const struct tuy_member *member,
                     const struct tuy_record *record, uint32_t updated_s, struct rpc_out *out)
{
	static const struct tuy_record nothing = { .kind = TUY_RECORD_PROFILE };
	rpc_put_uint(out, "schema", 1);
	rpc_put_hex(out, "member", TUY_BYTES(member->b));
	rpc_put_str(out, "circle", circle->slug);
	author_put(circle, member, out);
	field_put(out, record ? record : &nothing, TUY_FIELD_NAME);
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
		const struct tuy_field_rule *rule = tuy_field_rule((enum tuy_field)f);
		if ((rule->kinds & UINT32_C(1) << TUY_RECORD_PROFILE) && f != TUY_FIELD_NAME)
			field_put(out, record ? record : &nothing, (enum tuy_field)f);
	}
	rpc_put_time(out, "updated", record ? updated_s : 0);
}

uint32_t rpc_profile_updated(struct rpc_home *home, struct store_reading *reading,
                             const struct view_object *object)
{
	struct tuy_bytes bytes;
	struct tuy_bytes blob;
	struct tuy_header header;
	if (store_entry(reading, object->log_no, object->seq, &bytes, &blob) != 0 ||
	    bytes.len != TUY_HEADER_SIZE || tuy_header_decode(bytes.p, &header) != TUY_OK)
		return 0;
	uint32_t now_s = loop_now(home->d).wall_s;
	return header.time_s < now_s ? header.time_s : now_s;
}

int rpc_profile_own(struct rpc_home *home, struct store_reading *reading, uint32_t circle_no,
                    struct tuy_record *record)
{
	struct view_object object;
	if (!home->d->keys->certified)
		return -1;
	const struct tuy_member *me = &home->d->keys->cert.member;
	if (circle_no < TUY_CIRCLES_MAX && view_profile(reading, circle_no, me, &object) == 0 &&
	    rpc_record_get(home, reading, &object, record))
		return 1;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		if (view_profile(reading, i, me, &object) == 0 &&
		    rpc_record_get(home, reading, &object, record))
			return 0;
	}
	return -1;
}

static const char *role_name(enum tuy_role role)
{
	switch (role) {
	case TUY_KEEPER:
		return "keeper";
	case TUY_RELAY:
		return "relay";
	case TUY_MEMBER:
		break;
	}
	return "member";
}

/* What the devices of a member say about him. */
struct standing {
	enum tuy_role role;
	bool active;
	bool online;
	bool in_sync;
};

static bool device_is_of(struct rpc_home *home, uint32_t circle_no, uint32_t i,
                         const struct tuy_member *member, struct tuy_device_info *info)
{
	return tuy_node_device(home->d->node, circle_no, i, info) == TUY_OK &&
	       memcmp(&info->member, member, sizeof *member) == 0;
}

static struct standing standing_get(struct rpc_home *home, uint32_t circle_no, uint32_t devices,
                                    const struct tuy_member *member)
{
	struct standing out = { .role = TUY_MEMBER };
	struct tuy_device_info info;
	for (uint32_t i = 0; i < devices; i++) {
		if (!device_is_of(home, circle_no, i, member, &info) || !info.active)
			continue;
		bool self = info.state == TUY_PEER_SELF;
		if (!out.active || info.role < out.role)
			out.role = info.role;
		out.active = true;
		out.online = out.online || self || info.state == TUY_PEER_CONNECTED;
		out.in_sync = out.in_sync || self || info.in_sync;
	}
	return out;
}

static void member_put(struct rpc_home *home, const struct rpc_circle *circle, uint32_t devices,
                       const struct rpc_person *person, const struct standing *standing,
                       struct rpc_out *out)
{
	struct tuy_device_info info;
	rpc_open_map(out, NULL);
	rpc_put_hex(out, "member", TUY_BYTES(person->member.b));
	rpc_put_str(out, "name", person->has_profile ? person->name : NULL);
	rpc_put_str(out, "from", person->from);
	rpc_put_str(out, "company", person->company[0] != '\0' ? person->company : NULL);
	rpc_put_str(out, "role", role_name(standing->role));
	rpc_put_flag(out, "online", standing->online);
	rpc_put_flag(out, "in_sync", standing->in_sync);
	rpc_put_flag(out, "self", member_is_own(home, &person->member));
	rpc_open_array(out, "devices");
	for (uint32_t i = 0; i < devices; i++) {
		if (!device_is_of(home, circle->circle_no, i, &person->member, &info) ||
		    info.active != standing->active)
			continue;
		rpc_open_map(out, NULL);
		rpc_put_hex(out, "device", TUY_BYTES(info.device.b));
		rpc_put_nil(out, "label");
		rpc_close_one(out);
	}
	rpc_close_one(out);
	rpc_close_one(out);
}

static void members_put(struct rpc_home *home, const struct rpc_circle *circle, const char *key,
                        bool active, struct rpc_out *out)
{
	struct tuy_device_info info;
	uint32_t devices = 0;
	while (tuy_node_device(home->d->node, circle->circle_no, devices, &info) == TUY_OK)
		devices++;
	rpc_open_array(out, key);
	for (uint32_t i = 0; i < circle->people_count; i++) {
		const struct rpc_person *person = &circle->people[i];
		struct standing standing =
			standing_get(home, circle->circle_no, devices, &person->member);
		if (standing.active == active)
			member_put(home, circle, devices, person, &standing, out);
	}
	rpc_close_one(out);
}

void rpc_circle_put(struct rpc_home *home, const struct rpc_circle *circle, enum rpc_former former,
                    struct rpc_out *out)
{
	static const struct tuy_epoch none;
	struct tuy_circle_info info = { 0 };
	tuy_node_circle(home->d->node, circle->circle_no, &info);
	rpc_put_uint(out, "schema", 1);
	rpc_put_hex(out, "id", TUY_BYTES(circle->id.b));
	rpc_put_str(out, "name", circle->name);
	rpc_put_str(out, "slug", circle->slug);
	rpc_put_str(out, "state", info.members > 1 ? "active" : "forming");
	if (memcmp(&info.epoch, &none, sizeof none) != 0)
		rpc_put_hex(out, "epoch", TUY_BYTES(info.epoch.b));
	else
		rpc_put_nil(out, "epoch");
	rpc_put_nil(out, "charter");
	members_put(home, circle, "members", true, out);
	if (former == RPC_FORMER_TOO)
		members_put(home, circle, "former", false, out);
}
