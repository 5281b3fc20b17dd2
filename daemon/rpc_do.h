/*
 * The methods themselves, by their families. Each answers its call, at once or later; what they
 * take and give is said in rpc_methods.h.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_DO_H
#define RPC_DO_H

#include "rpc_call.h"

/* rpc_status.c */
void rpc_do_status(struct rpc_call *call);
void rpc_do_stop(struct rpc_call *call);

/* rpc_circle.c */
void rpc_do_new(struct rpc_call *call);
void rpc_do_invite(struct rpc_call *call);
void rpc_do_progress(struct rpc_call *call);
void rpc_do_circle_list(struct rpc_call *call);
void rpc_do_circle_show(struct rpc_call *call);

/* rpc_join.c */
void rpc_do_join(struct rpc_call *call);
/* A TELL that the call of a join waits for. */
void rpc_join_tell(struct rpc_call *call, const struct tuy_tell *tell);

/* rpc_profile.c */
void rpc_do_profile_set(struct rpc_call *call);
void rpc_do_profile_show(struct rpc_call *call);

/* rpc_tip.c */
void rpc_do_tip(struct rpc_call *call);
void rpc_do_ask(struct rpc_call *call);

/* rpc_inbox.c, rpc_find.c */
void rpc_do_inbox(struct rpc_call *call);
void rpc_do_search(struct rpc_call *call);

/* rpc_watch.c */
void rpc_do_watch_add(struct rpc_call *call);
void rpc_do_watch_list(struct rpc_call *call);
void rpc_do_watch_remove(struct rpc_call *call);
void rpc_do_watch_mute(struct rpc_call *call);

/* rpc_watch_test.c */
void rpc_do_watch_test(struct rpc_call *call);

/* rpc_value.c */
void rpc_do_value(struct rpc_call *call);

/* rpc_calendar.c */
void rpc_do_calendar(struct rpc_call *call);

/* rpc_export.c */
void rpc_do_export(struct rpc_call *call);

/* rpc_audit.c */
void rpc_do_audit(struct rpc_call *call);

/* rpc_events.c */
void rpc_do_events(struct rpc_call *call);

/* rpc_life.c */
void rpc_do_claim(struct rpc_call *call);
void rpc_do_award(struct rpc_call *call);
void rpc_do_done(struct rpc_call *call);
void rpc_do_give_back(struct rpc_call *call);
void rpc_do_pass(struct rpc_call *call);
void rpc_do_thank(struct rpc_call *call);

/* rpc_take_back.c */
void rpc_do_withdraw(struct rpc_call *call);
void rpc_do_undo(struct rpc_call *call);
void rpc_do_edit(struct rpc_call *call);

/* rpc_forget.c, rpc_named.c */
void rpc_do_forget(struct rpc_call *call);
void rpc_do_forget_find(struct rpc_call *call);
void rpc_do_forget_status(struct rpc_call *call);
void rpc_do_forget_letter(struct rpc_call *call);
void rpc_do_scrub(struct rpc_call *call);

/* rpc_answer.c */
void rpc_do_answer(struct rpc_call *call);
void rpc_do_accept(struct rpc_call *call);
void rpc_do_solved(struct rpc_call *call);

/* rpc_letter.c */
void rpc_do_vouch_write(struct rpc_call *call);
void rpc_do_vouch_sign(struct rpc_call *call);
void rpc_do_vouch_send(struct rpc_call *call);
void rpc_do_vouch_list(struct rpc_call *call);
void rpc_do_vouch_revoke(struct rpc_call *call);

/* rpc_letter_get.c */
void rpc_do_vouch_get(struct rpc_call *call);

/* rpc_letter_check.c */
void rpc_do_letter_check(struct rpc_call *call);

/* rpc_show.c */
void rpc_do_show(struct rpc_call *call);
void rpc_do_delivery(struct rpc_call *call);

#endif
