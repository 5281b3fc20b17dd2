/*
 * What the methods about the life of an object share: the object with its life, a batch to be
 * written, the answer (OBJECT as it is then).
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_LIFE_H
#define RPC_LIFE_H

#include "life_write.h"
#include "rpc_object.h"
#include "rpc_write.h"

/* call->work of these methods. */
struct life_work {
	struct life_batch batch; /* first: rpc_write_batch */
	struct view_object object;
	uint32_t log_no; /* of RETRACTs */
	uint32_t seq_count;
	uint32_t seqs[TUY_RETRACT_MAX];
};

/* The object that the param `id` means, its life and a work with an empty batch. NULL: the call has
 * failed and is gone, and no reading is open, no life to be freed. */
struct life_work *rpc_life_open(struct rpc_call *call, struct store_reading *reading,
                                struct view_life *life);
/* Ends both. */
void rpc_life_close(struct store_reading *reading, struct view_life *life);

/* Ends both and fails the call. */
void rpc_life_refuse(struct rpc_call *call, struct store_reading *reading, struct view_life *life,
                     const char *code, const char *hint, const char *message);

/* Is it an object of this member; did this device give it? */
bool rpc_life_mine(const struct rpc_home *home, const struct view_object *object);
bool rpc_life_given_here(const struct rpc_home *home, const struct view_object *object);
/* Is it an ask of which the circle does not learn that it was answered (PROTOCOL 8.6)? */
bool rpc_life_is_silent(struct rpc_home *home, struct store_reading *reading,
                        const struct view_object *object);
/* The record's `from` of a member; "somebody". */
const char *rpc_life_who(struct rpc_home *home, struct store_reading *reading, uint32_t circle_no,
                         const struct tuy_member *member);

/* The answer that the param `answer` names by its id or its author, else the only one, or the only
 * one that was accepted. NULL with `fault`. */
enum rpc_answers { RPC_ANSWERS, RPC_ANSWERS_ACCEPTED };
const struct tuy_life_claim *rpc_life_answer_find(struct rpc_call *call,
                                                  struct store_reading *reading,
                                                  const struct view_life *life, uint32_t circle_no,
                                                  enum rpc_answers among, struct rpc_fault *fault);

/* Writes the batch, then answers with OBJECT. To be called last. */
void rpc_life_write(struct rpc_call *call);
/* Answers with OBJECT as it is now. */
void rpc_life_answer(struct rpc_call *call);
/* The param `fields` into a record; 0, or -1 with `fault`. */
int rpc_life_fields(struct rpc_call *call, struct tuy_record *record, struct rpc_fault *fault);

#endif
