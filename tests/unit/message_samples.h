/*
 * One sample of each link message, written by proto/message.h, and the bytes they are filled with:
 * for the tests of messages.
 */
#ifndef TESTS_MESSAGE_SAMPLES_H
#define TESTS_MESSAGE_SAMPLES_H

#include "../../proto/message.h"

#define SAMPLES    26
#define SAMPLE_MAX 65536 /* bytes: enough for each */
#define TEXT(s)    ((struct tuy_bytes){ (const uint8_t *)(s), sizeof(s) - 1 })

struct sample {
	enum tuy_message_type type;
	void (*put)(struct tuy_writer *w);
};
extern const struct sample samples[SAMPLES];

/* Bytes that differ from field to field: 0x40 + n, 0x41 + n, ... */
void sample_fill(void *out, size_t len, unsigned int n);
struct tuy_log16 sample_log_of(unsigned int n);
struct tuy_tag sample_tag_of(unsigned int n);
struct tuy_sig sample_sig_of(unsigned int n);
extern const uint32_t sample_three_seqs[3];

void sample_hello(struct tuy_writer *w);
void sample_heads(struct tuy_writer *w);
void sample_getops(struct tuy_writer *w);
void sample_prune(struct tuy_writer *w);
void sample_ops(struct tuy_writer *w);
void sample_peers(struct tuy_writer *w);
void sample_frontier(struct tuy_writer *w);
void sample_loginfo(struct tuy_writer *w);
void sample_data(struct tuy_writer *w);
void sample_blob(struct tuy_writer *w);
void sample_getb(struct tuy_writer *w);
void sample_gone(struct tuy_writer *w);
void sample_have(struct tuy_writer *w);
void sample_want(struct tuy_writer *w);
void sample_base(struct tuy_writer *w);
void sample_credit(struct tuy_writer *w);
void sample_ping(struct tuy_writer *w);
void sample_pong(struct tuy_writer *w);
void sample_join(struct tuy_writer *w);
void sample_welcome(struct tuy_writer *w);
void sample_forkproof(struct tuy_writer *w);
void sample_reject(struct tuy_writer *w);
void sample_close(struct tuy_writer *w);
void sample_clone(struct tuy_writer *w);
void sample_alive(struct tuy_writer *w);

#endif
