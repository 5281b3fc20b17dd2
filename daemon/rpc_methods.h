/*
 * The methods of the local socket (rpc.h): what each takes and gives, and the table that the server
 * is given. By families: rpc_do.h.
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
 * status        -> schema, version, pid, home, member, device, listen, listens, clock_offset,
 *               notice [sentences for the owner since the start],
 *               circles [{id name slug members online entries digest missing_payloads indexed}],
 *               peers [{member name from device address state since rtt_ms in_sync}],
 *               store {bytes entries objects}, loop {turns slow slow_own worst_us worst_own_us
 *               worst}, hooks {quiet running waiting ran failed dropped refused [{hook why}]}
 *               (hooks.h); indexed false: lists and search are damaged, and made again by the next
 *               start or by tuyaud --rebuild; slow: turns of the loop that took over 5 ms since the
 *               start, slow_own: without what other programs took, worst: what the longest of them
 *               did, nil if that is not known
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
 * tip           circle?, fields FIELDS, card? FIELDS of a CARD (name phone email best_time),
 *               hide_company? (company, domain and siren go into the card), why_private? (a text
 *               that stays here), life_s? -> OBJECT, durable; T-TOLD (6): a name without `told`
 * ask           circle?, fields FIELDS with ask, to? [members] (sealed to these, 15 at most),
 *               life_s? -> OBJECT, durable; of both: T-NOT-FOUND (3), T-AMBIGUOUS (5): whom `for`
 *               or `to` names
 * inbox         circle?, all?, mine?, for_me?, limit? 1..1000 (20), query? (filters only)
 *               -> objects [OBJECT + part "for-you" "moves" "asks" "tips"], more, watches (how
 *               many there are), circles [{id name slug members online in_sync}]
 * show          id (4..16 characters) -> OBJECT; T-NOT-FOUND (3), T-AMBIGUOUS (5)
 * search        query, circle?, limit? 1..1000 (50) -> [OBJECT + near, score]: what has all the
 *               words, best first, then what is near it; newest first if there are only filters;
 *               T-USAGE if there is neither
 * watch_add     query, circle?, digest? -> WATCH, durable; T-WATCH-EXISTS (7), T-NOT-FOUND (3),
 *               T-AMBIGUOUS (5): whom `from:` names
 * watch_list    -> [WATCH]
 * watch_remove  number -> schema, number; T-NOT-FOUND (3)
 * watch_mute    number, life_s? (for so long; missing: until further notice), off? (no longer)
 *               -> WATCH, durable; meanwhile it matches nothing, as if it was not there;
 *               T-NOT-FOUND
 * watch_test    query, circle?, limit? 1..1000 (50) -> schema, objects [OBJECT] of others, newest
 *               first, that a watch for it would have matched, more; the newest 10,000 are looked
 *               at; T-USAGE, T-NOT-FOUND, T-AMBIGUOUS as watch_add
 * value         circle?, since_s? (7,776,000: so long ago) -> schema, since, given and received
 *               {tips, open, met, won, lost, given_back, amounts [{currency (nil: not said), sum
 *               (of exact ones: "8000", "1250.50"), tips (with one), bands {"5-20k": how many}}] of
 *               what was won}, asks {asked, open, solved}, first_contact_s: median, or nil,
 *               uncounted (beyond the newest 5,000)
 * claim         id, note? (sealed to the giver) -> OBJECT; once said it is not said again;
 *               T-CLAIM-TAKEN, T-NOT-OPEN (7), T-NOT-ALLOWED (6): own, or for somebody else
 * award         id, member? (else the only one who waits) -> OBJECT; by the device that gave the
 *               tip; T-NOT-SETTLED (1, PROTOCOL 4.10), T-CLAIM-TAKEN (7): it is with somebody, and
 *               not twice its time
 * done          id, step, fields? FIELDS of an OUTCOME (amount currency reason text), replace?,
 *               answer? (as in accept: the asker says whose) -> OBJECT; step: of tuy_step_name,
 *               or for an accepted answer of tuy_ask_step_name, or "refused": kept here, the
 *               asker does not learn it; amount: digits, or a budget's band; T-ALREADY (7): an
 *               outcome is there
 * give_back     id, fields? {reason text} (sealed to the giver) -> OBJECT
 * pass          id, fields? {reason text}: with one of them the giver learns it -> OBJECT
 * withdraw      id -> schema, id, state, delivery {peers have_it}: an own object with its card, or
 *               an own claim or answer; its texts are erased everywhere (RETRACT); T-NOT-OPEN (7)
 * forget        id, dry_run? -> schema, id, from (its author), why "forgotten" (an own one: erased
 *               everywhere by RETRACT, with all that was written here about it; what others wrote
 *               about it goes here) "here" (somebody else's: erased in this store only, and what
 *               comes about it is not kept; what was written here about it goes everywhere), at,
 *               already, dry_run, asked (the author, by erase.requested), retracted and
 *               erased_here (entries; of a dry run: those that would go); of one that is gone:
 *               already true, and why may be "withdrawn" "retracted" "expired" too; T-NOT-FOUND
 *               (3), T-AMBIGUOUS (5)
 * forget_find   one of person, company, closed_before_s (over since so long), circle? -> schema,
 *               objects [OBJECT], letters [numbers], watches [numbers]: what is held here whose
 *               texts name the person (all words of the name, case and accents aside) or the
 *               company (its key, or all words of its name), more (over 1,000)
 * forget_status id? -> [GONE], newest first: own wishes; with id, whatever it was
 * forget_letter number -> schema, number; the own copy goes
 * scrub         -> schema, done; once what was erased is overwritten in the file of the store
 * undo          -> as withdraw, of what was given last; T-TOO-LATE (7): more than 60 s ago
 * edit          id, fields FIELDS (merged with the present ones) -> OBJECT, a newer revision
 * thank         id, text?, share? (the circle sees it), back? -> OBJECT
 * answer        id, fields FIELDS of an ANSWER (how text name told ...): sealed to the asker
 *               -> OBJECT; T-TOLD (6)
 * accept        id, answer? (its id, or its author) -> OBJECT
 * solved        id -> OBJECT
 * delivery      id -> schema, id, peers, have_it, online, calling, last_seen {name at} or nil;
 *               calling: devices of the circle that are being called right now
 * events        since? (a position; "0": the oldest that is kept; not given: now), limit? 1..200
 *               (100), wait_s? 0..25 (0) -> schema, events [EVENT of events.h], position (to go on
 *               from), more; waits until something happens, or for wait_s with no event in the end;
 *               T-BUSY: 16 wait already
 * calendar      circle?, position? -> schema, todos [TODO], position (for the next page; nil at the
 *               end; a page may be empty)
 * export        circle?, position?, all?, about? -> schema, objects [OBJECT], position (as above):
 *               own ones and those the owner did something about; `all`: all; `about` a name: those
 *               with a text that has all its words. The first page is noted in the audit log
 * audit         since_s? (2,592,000: so long ago), limit? 1..5000 (1000): the newest -> schema,
 *               since, rows [{what at circle id title member count}], oldest first, more; what is
 *               not so is nil: what this node did with data about persons, of audit.h
 * circle_list   -> [{id name slug members online}]
 * circle_show   circle?, all? -> SHOWN
 * vouch_write   id (of a vouch ask), for?, about?, relation?, since?, facts? [texts], limits?,
 *               call?, days? 1..90 (90), lang? "fr" "en" -> LETTER, a draft: the one there is for
 *               this ask with the fields given here put in; for, about and lang are those of the
 *               ask if nothing else is said, lang else that of the call; T-NOT-FOUND (3),
 *               T-AMBIGUOUS (5), T-LETTER-FIELD (2): a field is missing or does not do,
 *               T-LETTER-SIGNED (7)
 * vouch_sign    id (of the ask, or the letter's number) -> LETTER, signed today; one that is signed
 *               already as it is; T-NOT-FOUND, T-AMBIGUOUS, T-LETTER-REVOKED (7)
 * vouch_send    id -> LETTER, noted as sent: the asker gets it, sealed, as an answer; to others its
 *               owner hands it over; T-LETTER-DRAFT (7)
 * vouch_get     id (of an own vouch ask), answer? (as in accept) -> schema, number, ask, circle,
 *               from, state "good" "expired" "revoked" "bad" (not what its author signed), expires
 *               (a day), revoked (when), key, file (its name), text, signature: a letter that came
 * vouch_list    -> [LETTER]
 * vouch_revoke  id -> LETTER with revocation and revocation_signature, texts for outsiders; the
 *               circle knows; a draft goes
 * letter_check  key ("RW..."), number -> schema, time, members [{circle member name from}] who have
 *               this letter key, revoked: when one of them revoked it, or nil
 * stop          -> stopping; then the daemon ends
 *
 * Of any method: T-USAGE (2) names the param; T-METHOD (1): unknown, the tool is of another
 * version; T-STORE-FULL, T-STORE-IO, T-STORE-DAMAGED, T-STOPPING, T-BUSY, T-MEMORY, T-NOT-YET,
 * T-NO-KEY, T-TOO-MUCH, T-HOME-SPENT (1), T-NOT-ALLOWED (6).
 *
 * inbox: open ones of others. With neither flags nor filters, the newest 256 of them, of the last
 * 90 days, are looked at: what is matched by a watch or names me (for-you) comes first, then own
 * ones that end within two days (moves), then the others, newest first. Else: newest first; `all`:
 * own ones too, and up to 10,000 without `limit`; `mine`: own ones only; `for_me`: what is matched
 * by a watch, or whose `for` names me or my seat.
 * query: words and filters, find.h. inbox has state "open" unless said, search "any".
 * life_s: 1 s up to 90 days (intro, news, vouch 30); missing: 30 days (intro, news 14).
 * A tip's title of more than 120 bytes, or of several lines, without `text` becomes the text, and
 * the title its beginning.
 * mode: a line of the charter; checked, and kept from the day there are charters.
 * `new` and `join` make the person on first use: `recovery_key` "TUYAUKEY:..." in the result is
 * shown this once and kept nowhere. Until one of them has succeeded it stays in memory and stands
 * in their error maps too, so that it is not lost.
 *
 * OBJECT: schema, id, short, kind "tip" "ask", ask (asks), circle (slug), from, mine bool, created,
 *   state (view_state_name; steps for giver and awardee only), unreadable true (only if so, then no
 *   fields), title (tips), need (tips) or text (asks), company {name domain? siren?} or nil, role,
 *   warmth and told (tips), tags, lang, the other fields if given, matched [labels of watches],
 *   expires or nil, delivery {peers have_it}, award {to at first_contact_due step? step_at?} or
 *   nil, next [commands], and if there is such a thing:
 *   sealed {name phone ...} (giver and awardee), outcome {result at amount ...} (the two), claimed
 *   true (own claim), claimants [{id from at text?}] (giver: all, else the own one), waiting_for
 *   {name online since} (own claim that is not decided), answered (asks: how many; nil: only the
 *   asker knows), answers [{id from at state how text ... accepted? step?}] (asker: all, else the
 *   own one; state of tuy_answer_state_name, or "refused" of the own one), to [members] (own ask
 *   that is sealed to them), thanks [{from shared
 *   text back}], passed_by [{from reason text}] (giver), passed true, why_private.
 * WATCH: schema, number, query, circle (slug; nil: all), notify "now" "digest", created, hits,
 *   last_hit, muted bool, muted_until or nil.
 * TODO: schema, id, what "first-contact" "follow-up" (tips awarded to the owner), "answer" (his,
 *   accepted), "ask" (own), status "needs-action" "in-process" "completed" "cancelled", due,
 *   completed, modified, sequence (it grows with what is done about the object), object OBJECT, nil
 *   if it is gone.
 * GONE: schema, id, circle, from, why, at, nodes [{member device from confirmed online
 *   offline_since: while this daemon runs, or nil}] (of what was retracted: the other devices of
 *   the circle), confirmed, of.
 * PROFILE: schema, member, circle, from, name, company, seat, sells, looks_for, not_for, zone,
 *   languages, reach, updated; nil for what is not there.
 * SHOWN: schema, id, name, slug, state "forming" (alone) "active", epoch, charter nil,
 *   members [{member name from company role online in_sync self devices [{device label}]}] with
 *   role "keeper" "member" "relay", former (`all`; same rows), recovery_key?
 * LETTER: schema, number, ask (id), circle (slug), asker (nil: the request is gone), state
 *   "drafted" "signed" "sent" "expired" "revoked", lang, from, for, about, relation, since,
 *   facts [], limits, callable, call, made, expires (days, "2026-02-20"), key, file (its name),
 *   text, signature (nil: a draft).
 * `from` is the first word of the author's name, folded ("alice"); the whole name if two begin so;
 * 8 digits of his id if there is no profile.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_METHODS_H
#define RPC_METHODS_H

#include "loop.h"
#include "rpc.h"

/*
 * Makes what the methods share and fills `service`. `d` must have been started (node, store, keys,
 * listen). 0; or -1 with `error` "T-MEMORY", service->home is NULL then.
 */
int rpc_methods_begin(struct daemon *d, struct rpc_service *service, struct store_error *error);

/* After the server has stopped. No callback of a ticket or TELL comes afterwards. Harmless if it
 * did not begin (home NULL). */
void rpc_methods_end(struct rpc_service *service);

#endif
