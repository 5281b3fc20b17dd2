/*
 * Records about tips and asks, gathered to be written in one ticket (tuy_node_append_all): who
 * writes fills a batch and hands it to the node. What an award is made of stands here, for the
 * owner's command and for the daemon that awards by itself.
 *
 * Thread rule: the loop thread.
 */
#ifndef LIFE_WRITE_H
#define LIFE_WRITE_H

#include "audit.h"
#include "view_life.h"

#define LIFE_ROOM 24576 /* records of a batch, encoded */

/* Whom an ask is for: count 0, the circle. */
#define LIFE_AMONG_MAX 15 /* PROTOCOL 8.6 */
struct life_among {
	uint32_t count;
	struct tuy_member member[LIFE_AMONG_MAX];
};
/* Of an own ask, as it was noted when it was asked. */
void life_among_read(struct store_reading *reading, const struct view_object *object,
                     struct life_among *among);

struct life_batch {
	uint32_t circle_no;
	struct tuy_writings writings;
	struct tuy_member member[TUY_WRITINGS_MAX];
	struct life_among among;
	struct tuy_appended appended[TUY_WRITINGS_MAX];
	struct audit_row audit; /* what it does with a person's data; AUDIT_NONE: nothing */
	size_t used;
	uint8_t room[LIFE_ROOM];
};

/* Empties it. */
void life_batch_begin(struct life_batch *batch, uint32_t circle_no);
/* Adds a record, which has passed its check; `to` NULL: for the circle, else sealed to that member
 * and to the own devices. */
void life_batch_add(struct life_batch *batch, const struct tuy_record *record, uint32_t exp_s,
                    const struct tuy_member *to);
/* The same, sealed to all of `among`, or for the circle; once a batch. */
void life_batch_add_among(struct life_batch *batch, const struct tuy_record *record, uint32_t exp_s,
                          const struct life_among *among);
/* Adds a private row; `value` of no bytes: it goes. */
void life_batch_private(struct life_batch *batch, const struct tuy_object *id,
                        enum view_private kind, struct tuy_bytes value);
/* Its row of the audit log, noted when it is written. `member` NULL: none. */
void life_batch_audit(struct life_batch *batch, enum audit_what what, const struct tuy_object *id,
                      const struct tuy_member *member);
/* tuy_node_append_all; the answers are in batch->appended. */
enum tuy_err life_batch_write(struct daemon *d, struct life_batch *batch);

/* A record of `kind` about an object, with a nonce of its own. */
struct tuy_record life_record(enum tuy_record_kind kind, const struct tuy_object *ref);
/* The id that it has when this member writes it in that circle. */
struct tuy_object life_record_id(const struct daemon *d, uint32_t circle_no,
                                 const struct tuy_record *record);
/* Its fields of type BIN; the bytes stay the caller's. */
void life_set_bytes(struct tuy_record *record, enum tuy_field field, struct tuy_bytes bytes);
void life_set_number(struct tuy_record *record, enum tuy_field field, uint64_t number);

/* How long what is written now is kept (product.md 1.12): the header's expiry. */
enum life_span { LIFE_SPAN_ACT, LIFE_SPAN_CARD, LIFE_SPAN_OUTCOME };
uint32_t life_expiry(const struct daemon *d, enum life_span span);

/*
 * Fills `batch` with the AWARD of a tip to a member, with the CARD if one waits (product.md 1.1:
 * "its card in the same commit"), and with the tip said again so that it outlives its expiry.
 * `life` is that of the tip as it is now. 0; -1: the tip cannot be read, or no memory.
 */
#define LIFE_FIRST_CONTACT_S (48u * 3600)
int life_award_fill(struct daemon *d, struct store_reading *reading,
                    const struct view_object *object, const struct tuy_life *life,
                    const struct tuy_member *to, struct life_batch *batch);

#endif
