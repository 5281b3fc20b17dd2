#include "rpc_record.h"
#include "log.h"
#include "rpc_people.h"

bool rpc_record_get(struct rpc_home *home, struct store_reading *reading,
                    const struct view_object *object, struct tuy_record *record)
{
	int bad = view_record(reading, &home->d->keys->device, object, home->blob, record);
	if (bad < 0)
		log_line(LOG_UNUSUAL, "rpc", "what=damaged log=%u seq=%u", object->log_no,
		         object->seq);
	return bad == 0;
}

void rpc_record_keep(struct tuy_record *record, uint8_t *room, size_t room_size)
{
	struct tuy_writer w = tuy_writer(room, room_size);
	enum tuy_err err = tuy_record_write(record, &w);
	if (!err)
		err = tuy_record_read(tuy_written(&w), record);
	tuy_require(err == TUY_OK);
}

bool rpc_record_meant(struct rpc_home *home, struct store_reading *reading,
                      const struct view_object *object, const struct tuy_member *member)
{
	const struct rpc_circle *circle = rpc_circle_get(home, reading, object->circle_no);
	const struct rpc_person *person = circle ? rpc_person_get(circle, member) : NULL;
	struct tuy_record record;
	if (!rpc_record_get(home, reading, object, &record))
		return false;
	const struct tuy_value *whom = &record.value[TUY_FIELD_FOR];
	return !whom->present || (person && rpc_person_meant(person, whom->text));
}

bool rpc_record_is_for_me(struct rpc_home *home, struct store_reading *reading,
                          const struct view_object *object, const struct tuy_record *record)
{
	const struct rpc_circle *circle = rpc_circle_get(home, reading, object->circle_no);
	const struct tuy_value *whom = &record->value[TUY_FIELD_FOR];
	if (!circle || !whom->present)
		return false;
	const struct rpc_person *me = rpc_person_get(circle, &home->d->keys->cert.member);
	return me && rpc_person_meant(me, whom->text);
}
