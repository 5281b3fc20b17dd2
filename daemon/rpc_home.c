/* The methods' shared state and the table of methods. */
#include "rpc_home.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const struct rpc_method methods[] = {
	{ "status", " ", rpc_do_status },
	{ "new", " name profile default_name lang mode ", rpc_do_new },
	{ "invite", " circle name days seconds ", rpc_do_invite },
	{ "join", " code profile default_name timeout_s ", rpc_do_join },
	{ "progress", " circle ", rpc_do_progress },
	{ "profile_set", " circle fields ", rpc_do_profile_set },
	{ "profile_show", " circle member ", rpc_do_profile_show },
	{ "tip", " circle fields life_s ", rpc_do_tip },
	{ "ask", " circle fields life_s ", rpc_do_ask },
	{ "inbox", " circle all mine for_me limit filters ", rpc_do_inbox },
	{ "show", " id ", rpc_do_show },
	{ "search", " query circle limit filters ", rpc_do_search },
	{ "delivery", " id ", rpc_do_delivery },
	{ "circle_list", " ", rpc_do_circle_list },
	{ "circle_show", " circle all ", rpc_do_circle_show },
	{ "stop", " ", rpc_do_stop },
};

/* loop.h: every TELL but STORED. */
static void on_tell(void *context, const struct tuy_tell *tell)
{
	struct rpc_home *home = context;
	switch (tell->kind) {
	case TUY_TELL_ENTRIES:
	case TUY_TELL_ADMITTED:
		rpc_circle_stale(home, tell->circle_no);
		break;
	case TUY_TELL_LINK_DOWN:
		home->last_device = tell->device;
		home->last_seen_s = loop_now(home->d).wall_s;
		break;
	case TUY_TELL_JOINED:
		rpc_circle_welcome(home, tell->circle_no, tell->circle_name);
		break;
	case TUY_TELL_STORED:
	case TUY_TELL_REJECTED:
	case TUY_TELL_UNREACHED:
	case TUY_TELL_LINK_UP:
	case TUY_TELL_FAULT:
		break;
	}
	if (home->joining)
		rpc_join_tell(home->joining, tell);
}

struct rpc_home *rpc_home_create(struct daemon *d)
{
	struct rpc_home *home = calloc(1, sizeof *home);
	if (!home)
		return NULL;
	home->d = d;
	home->recovery = sodium_malloc(TUY_RECOVERY_TEXT);
	if (!home->recovery || loop_subscribe(d, on_tell, home) != 0) {
		sodium_free(home->recovery);
		free(home);
		return NULL;
	}
	sodium_memzero(home->recovery, TUY_RECOVERY_TEXT);
	return home;
}

void rpc_home_destroy(struct rpc_home *home)
{
	loop_forget(home->d, home);
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		free(home->circle[i].people);
	sodium_free(home->recovery); /* wipes */
	sodium_memzero(home->blob, sizeof home->blob);
	sodium_memzero(home->named, sizeof home->named);
	free(home);
}

const struct rpc_method *rpc_methods(size_t *count)
{
	*count = sizeof methods / sizeof methods[0];
	return methods;
}

void rpc_home_forget(struct rpc_home *home, struct rpc_call *call)
{
	if (call->write.ticket != 0)
		loop_forget(home->d, call);
	if (home->joining == call)
		home->joining = NULL;
	if (home->founding == call)
		home->founding = NULL;
}

int rpc_reading_begin(struct rpc_call *call, struct store_reading *reading)
{
	if (store_reading_begin(call->home->d->store, reading) == 0)
		return 0;
	rpc_fail(call, "T-STORE-IO", "tuyau status", "The store in %s cannot be read.",
	         call->home->d->paths->store_dir);
	return -1;
}
