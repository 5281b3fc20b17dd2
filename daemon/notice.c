#include "notice.h"
#include "lang.h"
#include "log.h"

static const char *const texts[NOTICE_COUNT] = {
	[NOTICE_COPY] =
		N_("This home is a copy or was put back from one: what you gave before comes back "
	           "from your friends, and what you give now goes into a new log."),
	[NOTICE_LONGER] = N_(
		"A friend held entries of yours that this home had lost, so it was put back from "
		"an older copy: they come back, and what you give now goes into a new log."),
	[NOTICE_FORKED] = N_(
		"This home was put back from an older copy and used before it met a friend who "
		"knew more: what you gave before and since is published again by itself, in a new "
		"log; keep one home only."),
	[NOTICE_CLONE] = N_(
		"This home runs twice at this moment: stop one of the two for good and let it join "
		"again as a new device; what was given on either is kept."),
	[NOTICE_FEW] =
		N_("This home was copied or put back nearly as often as the protocol allows (64 "
	           "times): keep it in one place."),
	[NOTICE_SPENT] =
		N_("This home was copied or put back as often as the protocol allows (64 times): "
	           "entries given from now on may clash; join again as a new device."),
	[NOTICE_HOOK_REFUSED] =
		N_("A hook is not run: it must be an executable file of yours, in a directory of "
	           "yours, that nobody else can write to; which one: tuyau status --json=hooks"),
	[NOTICE_HOOK_SLOW] =
		N_("Events came faster than a hook took them, and some were not given to it; how "
	           "many: tuyau status --json=hooks"),
	[NOTICE_SEALED] =
		N_("Something that you had sealed to some friends could not be sent to them again, "
	           "since this home no longer knows for whom it was: look through your asks, and "
	           "ask again what is missing."),
};

void notice_say(struct daemon *d, enum notice notice)
{
	if ((d->notices & 1u << notice) != 0)
		return;
	d->notices |= 1u << notice;
	log_line(LOG_UNUSUAL, "notice", "what=told text=\"%s\"", texts[notice]);
}

static void count_look(struct daemon *d, uint32_t count)
{
	if (count >= TUY_INCARNATIONS_MAX - TUY_INCARNATIONS_FEW && count < TUY_INCARNATIONS_MAX)
		notice_say(d, NOTICE_FEW);
}

void notice_origin(struct daemon *d)
{
	uint32_t count = store_incarnations(d->store);
	switch (store_origin(d->store)) {
	case STORE_ORIGIN_SAME:
		return;
	case STORE_ORIGIN_COPY:
		log_line(LOG_UNUSUAL, "store", "what=incarnation why=copy count=%u", count);
		notice_say(d, NOTICE_COPY);
		break;
	case STORE_ORIGIN_SPENT:
		log_line(LOG_UNUSUAL, "store", "what=incarnation why=spent count=%u", count);
		notice_say(d, NOTICE_SPENT);
		break;
	}
	count_look(d, count);
}

void notice_incarnation(struct daemon *d, const struct tuy_tell *tell)
{
	log_line(LOG_UNUSUAL, "node", "what=incarnation why=%d log=%u seq=%u count=%u",
	         (int)tell->why, tell->log_no, tell->seq, tell->count);
	switch (tell->why) {
	case TUY_INCARNATION_LONGER:
		notice_say(d, NOTICE_LONGER);
		break;
	case TUY_INCARNATION_FORKED:
		notice_say(d, NOTICE_FORKED);
		break;
	case TUY_INCARNATION_CLONED:
		break; /* notice_clone */
	case TUY_INCARNATION_SPENT:
		notice_say(d, NOTICE_SPENT);
		break;
	}
	count_look(d, tell->count);
}

void notice_clone(struct daemon *d, const struct tuy_tell *tell)
{
	log_line(LOG_UNUSUAL, "node", "what=clone link=%u", tell->link);
	notice_say(d, NOTICE_CLONE);
}

const char *notice_text(const struct daemon *d, enum notice notice)
{
	return (d->notices & 1u << notice) != 0 ? texts[notice] : NULL;
}
