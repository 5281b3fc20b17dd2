/*
 * Link messages: one struct a message, encode into the caller's buffer, parse from a record's
 * plaintext (PROTOCOL 5.5). Parsing gives spans into the plaintext. Lists are walked with their own
 * small iterators, so nothing is allocated and a message of 64 KiB costs no table. Thread rule:
 * pure, any thread.
 */
#ifndef TUY_MESSAGE_H
#define TUY_MESSAGE_H

#include "err.h"
#include "keys.h"
#include "limits.h"
#include "log.h"
#include "reader.h"
#include "types.h"
#include "writer.h"

enum tuy_message_type {
	TUY_MSG_HELLO = 1,
	TUY_MSG_HEADS,
	TUY_MSG_OPS,
	TUY_MSG_GETOPS,
	TUY_MSG_FRONTIER,
	TUY_MSG_LOGINFO,
	TUY_MSG_DATA,
	TUY_MSG_BLOB,
	TUY_MSG_GETB,
	TUY_MSG_GONE,
	TUY_MSG_HAVE,
	TUY_MSG_WANT,
	TUY_MSG_PRUNE,
	TUY_MSG_BASE,
	TUY_MSG_FORKPROOF,
	TUY_MSG_PEERS,
	TUY_MSG_CREDIT,
	TUY_MSG_PING,
	TUY_MSG_PONG,
	TUY_MSG_JOIN,
	TUY_MSG_RECOVER,
	TUY_MSG_WELCOME,
	TUY_MSG_REJECT,
	TUY_MSG_MAIL,
	TUY_MSG_RPC,
	TUY_MSG_RPC_R,
	TUY_MSG_CLOSE,
	TUY_MSG_CLONE,
	TUY_MSG_ALIVE,
	TUY_MSG_UNKNOWN = 0, /* a type of a later version: ignore */
};

#define TUY_HELLO_TAGS_MAX     16
#define TUY_FRONTIER_MAX       512 /* rows a message */
#define TUY_SEQS_MAX           64  /* in GETB and GONE */
#define TUY_PEERS_RECORDS_MAX  64
#define TUY_WELCOME_EPOCHS_MAX 64

enum tuy_gone_reason { TUY_GONE_EXPIRED = 1, TUY_GONE_ERASED, TUY_GONE_NOT_HELD };
enum tuy_want_flags { TUY_WANT_EAGER = 1, TUY_WANT_FORK = 2 };
enum tuy_reject_code {
	TUY_REJECT_USED = 1,
	TUY_REJECT_EXPIRED,
	TUY_REJECT_UNKNOWN,
	TUY_REJECT_FULL,
	TUY_REJECT_REFUSED,
	TUY_REJECT_MEMBER
};
enum tuy_close_code {
	TUY_CLOSE_SHUTDOWN = 1,
	TUY_CLOSE_DUPLICATE,
	TUY_CLOSE_PROTOCOL,
	TUY_CLOSE_SLOW,
	TUY_CLOSE_REMOVED,
	TUY_CLOSE_FULL
};

struct tuy_hello_tag {
	struct tuy_tag ctag;
	struct tuy_tag digest;
	uint8_t book[8];
};
struct tuy_frontier_row {
	struct tuy_log16 log;
	uint32_t eff_seq;
	uint8_t h8[8];
	uint32_t base_seq;
};
struct tuy_have_row {
	struct tuy_log16 log;
	uint32_t seq;
	uint8_t h8[8];
};
struct tuy_ping_row {
	uint8_t circle; /* index */
	struct tuy_tag digest;
};
struct tuy_epoch_key_row {
	struct tuy_hash epoch_id;
	struct tuy_secret key;
};

/* A parsed message. `list` is the message's array, walked with tuy_message_next_* below; `count`
 * its length. */
struct tuy_message {
	enum tuy_message_type type;
	uint8_t circle; /* index in the sender's HELLO (circle-bound messages) */
	uint32_t count;
	struct tuy_reader list;
	union {
		struct {
			uint8_t version;
			uint32_t features;
			uint8_t boot_id[8];
			struct tuy_hello_tag tag[TUY_HELLO_TAGS_MAX]; /* `count` of them */
		} hello;
		struct {
			bool last;
		} frontier;
		struct {
			struct tuy_log16 log;
			struct tuy_device device;
			struct tuy_incarnation incarnation;
		} loginfo;
		struct {
			struct tuy_log16 log;
			uint32_t from;
			const uint8_t *headers; /* `count` * 64 bytes */
			struct tuy_sig sig;
		} data; /* blobs: tuy_message_next_blob, `count` of them */
		struct {
			struct tuy_log16 log;
			uint32_t seq;
			struct tuy_bytes blob;
		} blob;
		struct {
			struct tuy_log16 log;
			uint32_t seq[TUY_SEQS_MAX];  /* `count` of them */
			enum tuy_gone_reason reason; /* GONE */
		} seqs;                              /* GETB and GONE */
		struct {
			struct tuy_log16 log;
			struct tuy_head head; /* seq: a multiple of 64 */
			struct tuy_sig sig;
		} base;
		struct {
			struct tuy_log16 log;
			uint32_t from;
			uint32_t flags;
		} want;
		struct {
			struct tuy_log16 log;
			struct tuy_bytes proof; /* fork_proof.h reads it */
		} fork;
		struct {
			uint32_t bytes;
		} credit;
		struct {
			uint32_t nonce;
		} ping; /* PING and PONG */
		struct {
			struct tuy_tag circle16;
			struct tuy_cert cert;
			struct tuy_bytes name;
			struct tuy_invite_pk invite;
			struct tuy_sig sig;
		} join;
		struct {
			struct tuy_bytes genesis;
			uint32_t epoch_count;
			struct tuy_reader epochs;  /* `epoch_count`: tuy_message_next_epoch */
			struct tuy_reader records; /* `count`: tuy_message_next_bin; = `list` */
			struct tuy_bytes circle_name;
			struct tuy_bytes inviter_name;
		} welcome;
		struct {
			enum tuy_reject_code code;
			uint32_t time_s;
		} reject;
		struct {
			enum tuy_close_code code;
			uint32_t retry_s;
		} close;
		struct {
			uint8_t boot_id[8];
		} clone;
		struct {
			uint8_t boot_id[8];
			struct tuy_incarnation incarnation;
			struct tuy_sig sig;
		} alive;
	} u;
};

/*
 * Parses one record's plaintext: canonical form, types, sizes, counts; all lists are walked once,
 * so that the iterators cannot fail afterwards. Further elements of the message after the known
 * ones are passed over; rows of lists are exact. TUY_OK with type TUY_MSG_UNKNOWN for a type this
 * version does not read (reserved ones too). Codes of later versions become the nearest of this
 * one: a REJECT is REFUSED, a CLOSE is PROTOCOL, a GONE is NOT_HELD. Not judged here: whether a
 * circle is shared, a HELLO's version above 1, flags of WANT, the headers' bytes, control
 * characters in names (for display: tuy_text_scrub), signatures. TUY_E_SHORT, TUY_E_FORMAT or
 * TUY_E_LIMIT, `m` untouched: close the link.
 */
enum tuy_err tuy_message_parse(struct tuy_bytes plaintext, struct tuy_message *m);

/* Iterators over a parsed message's list; call at most `count` times. */
struct tuy_tag tuy_message_next_tag(struct tuy_reader *list);    /* HEADS, GETOPS, PRUNE */
struct tuy_bytes tuy_message_next_bin(struct tuy_reader *list);  /* OPS, PEERS, WELCOME's records */
struct tuy_bytes tuy_message_next_blob(struct tuy_reader *list); /* DATA; .p NULL for nil */
struct tuy_frontier_row tuy_message_next_frontier(struct tuy_reader *list); /* FRONTIER */
struct tuy_have_row tuy_message_next_have(struct tuy_reader *list);         /* HAVE */
struct tuy_ping_row tuy_message_next_ping(struct tuy_reader *list);         /* PING, PONG */
struct tuy_epoch_key_row tuy_message_next_epoch(struct tuy_reader *list);   /* WELCOME's epochs */

/*
 * Writing. Each writes a whole message; with a list, the opening and then `count` rows by the
 * caller with tuy_message_put_*. `w` turns sticky TUY_E_FULL if the buffer is too small, if a name
 * is over 120 bytes, or if WELCOME's lists are over their limits. Ours to keep (required): circle <
 * TUY_CIRCLES_MAX; HELLO 1, 4 or 16 tags; DATA 1..64 headers; at most 64 seqs; at most
 * TUY_CIRCLES_MAX rows in PING.
 */
void tuy_message_put_hello(struct tuy_writer *w, const uint8_t boot_id[8],
                           const struct tuy_hello_tag *tags, uint32_t count);
void tuy_message_put_heads(struct tuy_writer *w, uint8_t circle,
                           uint32_t count); /* then rows: tuy_message_put_tag */
void tuy_message_put_getops(struct tuy_writer *w, uint8_t circle,
                            uint32_t count); /* then rows: tuy_message_put_tag */
void tuy_message_put_prune(struct tuy_writer *w, uint8_t circle,
                           uint32_t count); /* then rows: tuy_message_put_tag, each a log16 */
void tuy_message_put_tag(struct tuy_writer *w, const struct tuy_tag *tag);
void tuy_message_put_ops(struct tuy_writer *w, uint8_t circle,
                         uint32_t count); /* then rows: tuy_write_bin */
void tuy_message_put_frontier(struct tuy_writer *w, uint8_t circle,
                              uint32_t count); /* rows, then _end */
void tuy_message_put_frontier_row(struct tuy_writer *w, const struct tuy_frontier_row *row);
enum tuy_more { TUY_LAST, TUY_MORE };
void tuy_message_put_frontier_end(struct tuy_writer *w, enum tuy_more more);
void tuy_message_put_loginfo(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                             const struct tuy_device *device,
                             const struct tuy_incarnation *incarnation);
/* DATA up to and including the blobs' array header; then `count` times tuy_write_bin or
 * tuy_write_nil. */
void tuy_message_put_data(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          uint32_t from, uint32_t count, const uint8_t *headers,
                          const struct tuy_sig *sig);
void tuy_message_put_blob(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          uint32_t seq, struct tuy_bytes blob);
void tuy_message_put_getb(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          const uint32_t *seqs, uint32_t count);
void tuy_message_put_gone(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          const uint32_t *seqs, uint32_t count, enum tuy_gone_reason reason);
void tuy_message_put_have(struct tuy_writer *w, uint8_t circle, uint32_t count); /* then rows */
void tuy_message_put_have_row(struct tuy_writer *w, const struct tuy_have_row *row);
void tuy_message_put_want(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          uint32_t from, uint32_t flags);
void tuy_message_put_forkproof(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                               struct tuy_bytes proof);
void tuy_message_put_base(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          const struct tuy_head *head, const struct tuy_sig *sig);
void tuy_message_put_peers(struct tuy_writer *w, uint8_t circle,
                           uint32_t count); /* then rows: tuy_write_bin */
void tuy_message_put_credit(struct tuy_writer *w, uint32_t bytes);
void tuy_message_put_ping(struct tuy_writer *w, enum tuy_message_type ping_or_pong, uint32_t nonce,
                          const struct tuy_ping_row *rows, uint32_t count);
void tuy_message_put_join(struct tuy_writer *w, const struct tuy_tag *circle16,
                          const struct tuy_cert *cert, struct tuy_bytes name,
                          const struct tuy_invite_pk *invite, const struct tuy_sig *sig);
/* WELCOME's lists come whole: epochs, then `record_count` records as spans. */
void tuy_message_put_welcome(struct tuy_writer *w, struct tuy_bytes genesis,
                             const struct tuy_epoch_key_row *epochs, uint32_t epoch_count,
                             const struct tuy_bytes *records, uint32_t record_count,
                             struct tuy_bytes circle_name, struct tuy_bytes inviter_name);
void tuy_message_put_reject(struct tuy_writer *w, enum tuy_reject_code code, uint32_t time_s);
void tuy_message_put_close(struct tuy_writer *w, enum tuy_close_code code, uint32_t retry_s);
void tuy_message_put_clone(struct tuy_writer *w, const uint8_t boot_id[8]);
void tuy_message_put_alive(struct tuy_writer *w, const uint8_t boot_id[8],
                           const struct tuy_incarnation *incarnation, const struct tuy_sig *sig);

#endif
