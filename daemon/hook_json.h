/*
 * An EVENT (events.h) as a hook gets it: one line of JSON, and a line feed.
 *
 * Without what is sealed: in `object` sealed, outcome, claimants, answers, thanks, passed_by and
 * why_private and to are left out, and step and step_at of its award; `state` is what everybody in
 * the circle sees ("awarded", "closed"). Of one that only some can read (`private`) nothing is left
 * but what, whose, when and its state.
 *
 * Thread rule: pure memory, any thread.
 */
#ifndef HOOK_JSON_H
#define HOOK_JSON_H

#include "../proto/types.h"

enum hook_sealed { HOOK_WITHOUT_SEALED, HOOK_WITH_SEALED };

/* `packed`: MessagePack as rpc_reply.h makes it. NULL: no memory, or it is no such document; else
 * the caller's to free, *len without a NUL. */
char *hook_json(struct tuy_bytes packed, enum hook_sealed sealed, size_t *len);

#endif
