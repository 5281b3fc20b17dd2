#include "loop_inside.h"
#include <string.h>

#define NAMES_MS 1000 /* after new entries: names are read again, once */

/* The field `name` of an object's record; .p NULL if it cannot be read. */
static struct tuy_bytes name_read(struct daemon *d, struct store_reading *reading,
                                  const struct view_object *object)
{
	struct tuy_record record;
	if (view_record(reading, &d->keys->device, object, d->loop->record, &record) != 0 ||
	    !record.value[TUY_FIELD_NAME].present ||
	    record.value[TUY_FIELD_NAME].text.len > LOOP_NAME_MAX)
		return (struct tuy_bytes){ 0 };
	return record.value[TUY_FIELD_NAME].text;
}

void loop_name_keep(struct loop_name *name, struct tuy_bytes text)
{
	if (!text.p || text.len > LOOP_NAME_MAX)
		return;
	memcpy(name->b, text.p, text.len);
	name->len = text.len;
}

void loop_refresh_names(struct daemon *d)
{
	struct loop_name own[TUY_CIRCLES_MAX] = { 0 };
	struct loop_name other = { 0 }; /* from any circle, else from the configuration */
	struct store_reading reading;
	struct view_object object;
	struct tuy_circle_info info;
	if (!d->node || store_reading_begin(d->store, &reading) != 0)
		return;
	loop_name_keep(&other, (struct tuy_bytes){ (const uint8_t *)d->config->name,
	                                           strlen(d->config->name) });
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX && d->keys->certified; i++) {
		if (view_profile(&reading, i, &d->keys->cert.member, &object) == 0)
			loop_name_keep(&own[i], name_read(d, &reading, &object));
		if (own[i].len > 0)
			other = own[i];
	}
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		struct loop_name circle = d->loop->welcome_name[i];
		const struct loop_name *mine = own[i].len > 0 ? &own[i] : &other;
		if (tuy_node_circle(d->node, i, &info) != TUY_OK)
			continue;
		if (view_circle(&reading, i, &object) == 0)
			loop_name_keep(&circle, name_read(d, &reading, &object));
		tuy_node_set_names(d->node, i, (struct tuy_bytes){ circle.b, circle.len },
		                   (struct tuy_bytes){ mine->b, mine->len });
	}
	store_reading_end(&reading);
}

void loop_doubt_view(struct daemon *d)
{
	if (d->loop->writer)
		writer_doubt_view(d->loop->writer);
}

static void on_stale(void *context)
{
	loop_refresh_names(context);
}

void loop_names_stale(struct daemon *d)
{
	struct loop_reminder *names = &d->loop->names;
	names->on_due = on_stale;
	names->context = d;
	if (names->due_ms == 0)
		loop_remind(d, names, NAMES_MS);
}
