/*
 * An invented circle: people with devices, and the operations that let them in. Made from numbers
 * alone, so two calls give the same people. Thread rule: pure, any thread.
 */
#ifndef PEOPLE_H
#define PEOPLE_H

#include "../../proto/op.h"

#define PEOPLE_MAX      TUY_MEMBERS_MAX
#define PEOPLE_OP_BYTES 2048

struct person {
	struct tuy_device_keys keys;
	struct tuy_cert cert;
	struct tuy_incarnation incarnation;
};

struct people_op {
	size_t len;
	uint8_t b[PEOPLE_OP_BYTES];
};

/* A circle: the first person founded it and admitted the others, one after the other. */
struct people {
	uint32_t circle_no; /* in the store that is filled; another one, another circle */
	uint32_t count;
	struct person person[PEOPLE_MAX];
	struct tuy_circle id;
	struct tuy_hash epoch_id;
	struct tuy_secret epoch_key;
	struct people_op op[PEOPLE_MAX]; /* op[i] made person[i] a member */
};

/* Fills person[from..count-1]; those before stay as they are. */
void people_invent(struct people *people, uint32_t from, uint32_t count);
/* Makes the circle of the people that are there. */
void people_found(struct people *people);

#endif
