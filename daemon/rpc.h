/*
 * The local socket: what `tuyau` (and any program of the same user) asks tuyaud. MessagePack-RPC
 * over a Unix stream socket, mode 0600 in a 0700 directory, of this user (SO_PEERCRED) only.
 *
 *	request		[0, msgid u32, method str, [params map]]	`[]` means no params
 *	response	[1, msgid, nil, result] or [1, msgid, error map, nil]
 *
 * Requests: shortest forms (as msgpack-c packs), no floats, no extensions, depth <= 8, <= 4,096
 * nodes, <= 64 KiB, text keys. What is malformed ends its connection and nothing else. At most 32
 * connections: one more is told T-BUSY (msgid 0) and closed. One request of a connection is worked
 * on at a time; further ones may be sent and are answered in order. 30 s without a request, or an
 * answer of which nothing is read for 30 s, ends the connection. A client that went away is
 * forgotten; what it asked to be written is written. Responses: keys are text, maps and arrays may
 * have longer heads than needed, at most 8 MiB and as many nodes as there are.
 *
 * Error map: {"code": "T-...", "message", "hint", "retryable": bool, "exit": the exit code of
 * product 2.6}; T-AMBIGUOUS adds "matches": [objects]; after a failed new or join "recovery_key"
 * may stand in it (see there). Times are RFC 3339 UTC, ids of members, devices and circles are
 * lower case hex, sizes bytes. A param that a method does not know is T-USAGE: a typing mistake is
 * not passed over.
 *
 * `circle` (param): the circle's name (case, accents aside), its slug ("vendredi-18h") or >= 4
 * digits of its id; if it is not given, the only circle: else T-CIRCLE-WHICH (2), T-NO-CIRCLE (3),
 * T-CIRCLE-UNKNOWN (3). In inbox and search none given means all circles.
 * FIELDS: a map by the names of proto/record.c's table for the kind of record: texts, `warmth`
 * 0..5, `told` bool, `tags` array of texts, `claims` "first" "pick" "many", `ask` by name; `need`
 * is another name of a tip's `text`. nil and "" mean not given (in profile_set: taken out).
 * OBJECT, PROFILE, SHOWN: see below.
 *
 * method        params -> result
 *
 * status        -> schema, version, pid, home, member, device, listen, clock_offset,
 *               circles [{id name slug members online entries digest missing_payloads indexed}],
 *               peers [{member name from device address state since rtt_ms in_sync}],
 *               store {bytes entries objects}
 * new           name, profile FIELDS, default_name?, lang?, mode? "inside" "between"
 *               -> SHOWN; T-CIRCLE-EXISTS (7)
 * invite        circle?, name?, days? 1..30 (7) or seconds?
 *               -> schema, invite, id, expires, circle, address, name; T-NO-ADDRESS (1)
 * join          code, profile FIELDS, default_name?, timeout_s? 1..600 (30)
 *               -> SHOWN + inviter, once admitted and the profile is durable; T-INVITE-BAD (2),
 *               T-INVITE-USED -EXPIRED -UNKNOWN -REFUSED -FULL (6), T-ALREADY-MEMBER (7),
 *               T-UNREACHED, T-JOIN-BUSY (1)
 * progress      circle? -> schema, circle, have, want, missing, in_sync
 * profile_set   circle?, fields FIELDS (merged with the present ones) -> PROFILE
 * profile_show  circle?, member? (name, or digits of the id) -> PROFILE (own without member);
 *               T-NOT-FOUND (3), T-AMBIGUOUS (5)
 * tip           circle?, fields FIELDS, life_s? -> OBJECT, durable
 * ask           circle?, fields FIELDS with ask, life_s? -> OBJECT, durable
 * inbox         circle?, all?, mine?, for_me?, limit? 1..1000 (20), filters?
 *               -> objects [OBJECT], more, circles [{id name slug members online in_sync}]
 * show          id (4..16 characters) -> OBJECT; T-NOT-FOUND (3), T-AMBIGUOUS (5)
 * search        query, circle?, limit? 1..1000 (50), filters? -> [OBJECT + near, score];
 *               T-USAGE if there is no word in it
 * delivery      id -> schema, id, peers, have_it, online, last_seen {name at} or nil
 * circle_list   -> [{id name slug members online}]
 * circle_show   circle?, all? -> SHOWN
 * stop          -> stopping; then the daemon ends
 *
 * Of any method: T-USAGE (2) names the param; T-METHOD (1): unknown, the tool is of another
 * version; T-STORE-FULL, T-STORE-IO, T-STORE-DAMAGED, T-STOPPING, T-BUSY, T-MEMORY, T-NOT-YET,
 * T-NO-KEY, T-TOO-MUCH (1), T-NOT-ALLOWED (6).
 *
 * inbox: newest first, open ones of others; `all`: own ones too, and up to 10,000 without `limit`;
 * `mine`: own ones only; `for_me`: those whose `for` names me or my seat. filters: {"from": name or
 * id, "kind": "tip" "ask" or an ask's name, "state": "open" "expired" "any"}. inbox has state
 * "open" unless said, search "any".
 * life_s: 1 s up to 90 days (intro, news, vouch 30); missing: 30 days (intro, news 14).
 * A tip's title of more than 120 bytes, or of several lines, without `text` becomes the text, and
 * the title its beginning.
 * mode: a line of the charter; checked, and kept from the day there are charters.
 * `new` and `join` make the person on first use: `recovery_key` "TUYAUKEY:..." in the result is
 * shown this once and kept nowhere. Until one of them has succeeded it stays in memory and stands
 * in their error maps too, so that it is not lost.
 *
 * OBJECT: schema, id, short, kind "tip" "ask", ask (asks), circle (slug), from, mine bool, created,
 *   state "open" "expired", unreadable true (only if so, then no fields), title (tips), need (tips)
 *   or text (asks), company {name domain? siren?} or nil, role, warmth and told (tips), tags, lang,
 *   the other fields if given, matched [], expires or nil, delivery {peers have_it}, next [].
 * PROFILE: schema, member, circle, from, name, company, seat, sells, looks_for, not_for, zone,
 *   languages, reach, updated; nil for what is not there.
 * SHOWN: schema, id, name, slug, state "forming" (alone) "active", epoch, charter nil,
 *   members [{member name from company role online in_sync self devices [{device label}]}] with
 *   role "keeper" "member" "relay", former (`all`; same rows), recovery_key?
 * `from` is the first word of the author's name, folded ("alice"); the whole name if two begin so;
 * 8 digits of his id if there is no profile.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_H
#define RPC_H

#include "loop.h"

#define RPC_REQUEST_MAX 65536
#define RPC_CLIENTS_MAX 32
#define RPC_IDLE_MS     30000

struct rpc;

/*
 * Listens at `path` and answers for `d`, which must have been started (node, store, keys, listen).
 * A socket that nobody listens on is replaced. NULL with `error`: "T-RUNNING" somebody answers
 * there, "T-SOCKET-PATH" (too long, no socket, no such directory), "T-PERMISSION", "T-MEMORY".
 */
struct rpc *rpc_start(struct daemon *d, const char *path, struct store_error *error);

/*
 * Removes the socket, answers what waits with T-STOPPING and closes all connections; everything is
 * freed in the last close callback, the methods' state before this returns. No callback of a ticket
 * or TELL comes afterwards. Best called when the writer has made its last commit, so that what
 * became durable is acknowledged. NULL is allowed; once only.
 */
void rpc_stop(struct rpc *rpc);

/* ---- the server alone, for tests: any table of methods ---- */

struct rpc_home; /* what methods share, rpc_home.h; the server only hands it on */
struct rpc_call; /* one request, rpc_call.h */

struct rpc_method {
	const char *name;
	const char *params; /* the names it knows, each with a blank around: " circle all " */
	/* Answers the call (rpc_answer, rpc_fail), now or later; it must not be touched after. */
	void (*handle)(struct rpc_call *call);
};

/* As rpc_start with a table that outlives it, and how long a silent connection lives; `home` may be
 * NULL and stays the caller's. */
struct rpc *rpc_open(uv_loop_t *loop, const char *path, const struct rpc_method *methods,
                     size_t method_count, uint32_t idle_ms, struct rpc_home *home,
                     struct store_error *error);
/* As rpc_stop but for `home`. */
void rpc_close(struct rpc *rpc);

#endif
