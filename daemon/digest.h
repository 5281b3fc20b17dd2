/*
 * What is told together instead of at once: the event `digest`, once a day at the end of the quiet
 * hours (quiet.h), if there is something. In it are tips and asks of others that no watch of the
 * owner asks for, whenever they came, and all that concerns him that happened in quiet hours.
 *
 * It lives in RAM: what came before the start is not in it (the command `digest` looks into the
 * store instead).
 *
 * Thread rule: pure memory, one owner.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include "events.h"
#include "quiet.h"

#define DIGEST_OBJECTS_MAX 20 /* the newest; OBJECTs of 16 KiB stay under what an answer holds */

struct digest_object {
	enum event_kind kind; /* the first that was told of it */
	uint32_t circle_no;
	struct tuy_object id;
};

struct digest_told {
	uint32_t since_s;
	uint32_t count; /* events */
	uint32_t of_kind[EVENT_KINDS];
	uint32_t object_count;
	uint32_t objects_more;                           /* older ones, that are not kept */
	struct digest_object object[DIGEST_OBJECTS_MAX]; /* oldest first */
};

struct digest {
	int64_t day; /* quiet_day of the last look */
	struct digest_told now;
	struct digest_told told; /* of the last digest that was told */
};

void digest_begin(struct digest *digest, const struct quiet *quiet, uint32_t wall_s);

/* An event happened. */
void digest_take(struct digest *digest, const struct quiet *quiet, const struct event *event);

/* Whether a digest is to be told now: what was gathered is in digest->told then. */
bool digest_due(struct digest *digest, const struct quiet *quiet, uint32_t wall_s);

#endif
