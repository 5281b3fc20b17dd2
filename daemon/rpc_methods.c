#include "rpc_methods.h"
#include "audit.h"
#include "event_source.h"
#include "hooks.h"
#include "life.h"
#include "log.h"
#include "rpc_do.h"
#include "rpc_events.h"
#include "rpc_home.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "rpc_watch.h"
#include <string.h>

static const struct rpc_method methods[] = {
	{ "status", " ", rpc_do_status },
	{ "new", " name profile default_name lang mode ", rpc_do_new },
	{ "invite", " circle name days seconds ", rpc_do_invite },
	{ "join", " code profile default_name timeout_s ", rpc_do_join },
	{ "progress", " circle ", rpc_do_progress },
	{ "profile_set", " circle fields ", rpc_do_profile_set },
	{ "profile_show", " circle member ", rpc_do_profile_show },
	{ "tip", " circle fields card hide_company why_private life_s ", rpc_do_tip },
	{ "ask", " circle fields to life_s ", rpc_do_ask },
	{ "inbox", " circle all mine for_me limit query ", rpc_do_inbox },
	{ "show", " id ", rpc_do_show },
	{ "search", " query circle limit ", rpc_do_search },
	{ "watch_add", " query circle digest ", rpc_do_watch_add },
	{ "watch_list", " ", rpc_do_watch_list },
	{ "watch_remove", " number ", rpc_do_watch_remove },
	{ "watch_mute", " number off life_s ", rpc_do_watch_mute },
	{ "watch_test", " query circle limit ", rpc_do_watch_test },
	{ "value", " circle since_s ", rpc_do_value },
	{ "delivery", " id ", rpc_do_delivery },
	{ "events", " since limit wait_s ", rpc_do_events },
	{ "calendar", " circle position ", rpc_do_calendar },
	{ "export", " circle position all about ", rpc_do_export },
	{ "audit", " since_s limit ", rpc_do_audit },
	{ "claim", " id note ", rpc_do_claim },
	{ "award", " id member ", rpc_do_award },
	{ "done", " id step fields replace answer ", rpc_do_done },
	{ "give_back", " id fields ", rpc_do_give_back },
	{ "pass", " id fields ", rpc_do_pass },
	{ "withdraw", " id ", rpc_do_withdraw },
	{ "undo", " ", rpc_do_undo },
	{ "forget", " id dry_run ", rpc_do_forget },
	{ "forget_find", " person company closed_before_s circle ", rpc_do_forget_find },
	{ "forget_status", " id ", rpc_do_forget_status },
	{ "forget_letter", " number ", rpc_do_forget_letter },
	{ "scrub", " ", rpc_do_scrub },
	{ "edit", " id fields ", rpc_do_edit },
	{ "thank", " id text share back ", rpc_do_thank },
	{ "answer", " id fields ", rpc_do_answer },
	{ "accept", " id answer ", rpc_do_accept },
	{ "solved", " id ", rpc_do_solved },
	{ "circle_list", " ", rpc_do_circle_list },
	{ "circle_show", " circle all ", rpc_do_circle_show },
	{ "vouch_write", " id for about relation since facts limits call days lang ",
	  rpc_do_vouch_write },
	{ "vouch_sign", " id ", rpc_do_vouch_sign },
	{ "vouch_send", " id ", rpc_do_vouch_send },
	{ "vouch_get", " id answer ", rpc_do_vouch_get },
	{ "vouch_list", " ", rpc_do_vouch_list },
	{ "vouch_revoke", " id ", rpc_do_vouch_revoke },
	{ "letter_check", " key number ", rpc_do_letter_check },
	{ "stop", " ", rpc_do_stop },
};

static void seen_note(struct rpc_home *home, const struct tuy_device *device)
{
	uint32_t at = 0;
	while (at < RPC_SEEN_MAX && memcmp(&home->seen[at].device, device, sizeof *device) != 0)
		at++;
	if (at == RPC_SEEN_MAX)
		at = home->seen_next++ % RPC_SEEN_MAX;
	home->seen[at].device = *device;
	home->seen[at].at_s = loop_now(home->d).wall_s;
}

/* Whom an invite of this device let in. */
static void admitted_note(struct rpc_home *home, const struct tuy_tell *tell)
{
	struct tuy_device_info info;
	for (uint32_t i = 0; tuy_node_device(home->d->node, tell->circle_no, i, &info) == TUY_OK;
	     i++)
		if (memcmp(&info.device, &tell->device, sizeof info.device) == 0)
			audit_note(home->d, &(struct audit_row){ .what = AUDIT_ADMITTED,
			                                         .circle_no = tell->circle_no,
			                                         .member = info.member });
}

/* loop_on_tell. */
static void on_tell(void *context, const struct tuy_tell *tell)
{
	struct rpc_home *home = context;
	switch (tell->kind) {
	case TUY_TELL_ADMITTED:
		admitted_note(home, tell);
		rpc_circle_stale(home, tell->circle_no);
		break;
	case TUY_TELL_ENTRIES:
		rpc_circle_stale(home, tell->circle_no);
		break;
	case TUY_TELL_LINK_DOWN:
		home->last_device = tell->device;
		home->last_seen_s = loop_now(home->d).wall_s;
		seen_note(home, &tell->device);
		break;
	case TUY_TELL_JOINED:
		rpc_circle_welcome(home, tell->circle_no, tell->circle_name);
		break;
	case TUY_TELL_STORED:
	case TUY_TELL_REJECTED:
	case TUY_TELL_UNREACHED:
	case TUY_TELL_LINK_UP:
	case TUY_TELL_FAULT:
	case TUY_TELL_INCARNATION:
	case TUY_TELL_FORKED:
	case TUY_TELL_VOIDED:
	case TUY_TELL_ERASED:
	case TUY_TELL_CLONE:
		break;
	}
	if (home->joining)
		rpc_join_tell(home->joining, tell);
}

/* rpc.h, on_turn. */
static void on_turn(struct rpc_home *home, const char *method, uint64_t begun_ns)
{
	loop_watch_end(home->d, method, begun_ns);
}

/* life.h: something that concerns the owner. */
static void on_life(void *context, struct event *event)
{
	struct rpc_home *home = context;
	event_source_push(home->source, event);
}

static bool may_have(void *context, struct store_reading *reading, const struct view_object *object,
                     const struct tuy_member *member)
{
	return rpc_record_meant(context, reading, object, member);
}

static void on_end(struct rpc_call *call)
{
	rpc_home_forget(call);
	rpc_events_forget(call);
}

int rpc_methods_begin(struct daemon *d, struct rpc_service *service, struct store_error *error)
{
	struct rpc_home *home = rpc_home_create(d);
	struct event_listener listener = { rpc_events_happened, rpc_watch_came, home };
	if (home)
		home->source = event_source_create(d, &listener);
	if (home && home->source)
		home->life = life_create(d, &(struct life_host){ on_life, may_have, home });
	if (home && home->life)
		home->hooks = hooks_create(d, event_source_events(home->source),
		                           &(struct hooks_host){ rpc_events_pack, home });
	if (home && (!home->hooks || loop_subscribe(d, on_tell, home) != 0)) {
		hooks_destroy(home->hooks);
		life_destroy(home->life);
		event_source_destroy(home->source);
		rpc_home_destroy(home);
		home = NULL;
	}
	*service = (struct rpc_service){
		.methods = methods,
		.method_count = sizeof methods / sizeof methods[0],
		.home = home,
		.on_end = on_end,
		.on_turn = on_turn,
	};
	return home ? 0 : log_error_set(error, "T-MEMORY", "", "There was not enough memory.");
}

void rpc_methods_end(struct rpc_service *service)
{
	if (!service->home)
		return;
	struct rpc_home *home = service->home;
	loop_forget(home->d, home);
	hooks_destroy(home->hooks);
	life_destroy(home->life);
	event_source_destroy(home->source);
	rpc_home_destroy(home);
	service->home = NULL;
}
