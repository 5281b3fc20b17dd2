/* Every bound of the protocol, each with its reason (PROTOCOL 9). */
#ifndef TUY_LIMITS_H
#define TUY_LIMITS_H

/* Link */
#define TUY_FRAME_MAX     65535                /* a Noise message; the u16 length says no more */
#define TUY_RECORD_MAX    (TUY_FRAME_MAX - 16) /* plaintext of one frame, without the tag */
#define TUY_REKEY_RECORDS 65536                /* REKEY after so many records in one direction */
#define TUY_HANDSHAKE_MS  10000 /* from accept or connect to the end of the handshake */
#define TUY_SILENCE_MIN_MS                                                                         \
	5000                     /* a failed stranger is read and discarded this long, at random.. \
	                          */
#define TUY_SILENCE_MAX_MS 15000 /* ..up to this long, then closed: the time tells nothing */
#define TUY_REPLAY_EPHEMERALS                                                                      \
	65536                /* first frames remembered against replay while the process lives */
#define TUY_HALF_OPEN_MAX 64 /* handshakes under way at once */
#define TUY_LINKS_MAX     32 /* established links; there is room for the handshakes beside them */
#define TUY_LINKS_PER_DEVICE                                                                       \
	4 /* links with one device: a clone or two, and one that is dead and not noticed yet */
#define TUY_LINK_STAY_S  60  /* a link stands so long before a full house gives its place away */
#define TUY_FULL_RETRY_S 60  /* who found no room comes when there may be some, */
#define TUY_AWAY_RETRY_S 300 /* who gave way calls others first */
#define TUY_RETRY_MAX_S  600 /* no CLOSE keeps us away for longer */
/* Bytes of DATA, BLOB and MAIL a peer may send ahead of our commits: some 2,500 tips a commit. */
#define TUY_CREDIT_START       1048576
#define TUY_PING_IDLE_MS       30000 /* +-20 % */
#define TUY_DEAD_MS            90000 /* a link that said nothing for so long is closed */
#define TUY_SLOW_MS            60000 /* no credit progress for so long with data pending: CLOSE(slow) */
#define TUY_GUEST_MS           10000 /* a guest must send JOIN within this time */
#define TUY_BAD_SIGNATURES_MAX 3     /* a session, then close: honest nodes send none */

/* Logs and payloads */
#define TUY_HEADER_SIZE      64
#define TUY_CHECKPOINT_EVERY 64    /* entries; also the most headers in one DATA */
#define TUY_BLOB_MAX         49152 /* a BLOB message always fits one frame */
#define TUY_RECORD_TEXT_MAX  4096  /* the text of one tip or ask */
#define TUY_SLOTS_MAX        64    /* recipient devices of one sealed blob */
#define TUY_RETRACT_MAX      64    /* entries that one RETRACT erases: its receipt is one GONE */
#define TUY_INCARNATIONS_MAX 64 /* a device; with TUY_INCARNATIONS_FEW left its owner is warned */
#define TUY_INCARNATIONS_FEW 4
#define TUY_CLAIM_HOLD_MS                                                                          \
	2000 /* own appends wait so long when a peer claims to hold more of them */
#define TUY_CLAIM_PAUSE_MS 60000 /* and not again for so long: claims cost nothing to make */

/* MessagePack from outside: msgpack-c turns 5 bytes into a 4.3 GB allocation, so nothing is
 * believed */
#define TUY_MSGPACK_DEPTH 8
#define TUY_MSGPACK_NODES 4096

/* People */
#define TUY_MEMBERS_MAX        150 /* a circle: beyond that people no longer know each other */
#define TUY_DEVICES_PER_MEMBER 4
#define TUY_CIRCLES_MAX        16
#define TUY_KEEPERS_MAX        3
/* A device's operations in one circle: what is beyond is not kept, so that one insider cannot fill
 * the table (2,048 in tuyaud: each of 600 devices let in, and what up to three keepers do) and lock
 * the others out. Whoever signs more than so many at once may make nodes keep different ones of
 * them: then an operation of somebody else that names one is missing where that one is; and 32
 * devices together fill the table. Both need insiders, and show who they are. */
#define TUY_OPS_PER_DEVICE 64
#define TUY_OPS_PER_KEEPER 1024
#define TUY_OP_PREV_MAX    8
#define TUY_OP_MAX                                                                                 \
	57344 /* one signed operation: an epoch for 600 devices (85 bytes each) fits, and it fits  \
	         one frame */
#define TUY_ADDRESSES_MAX   8 /* an address record */
#define TUY_INVITE_DAYS_MAX 30
#define TUY_INVITE_MEMORY_S (30 * 86400) /* used and expired invites stay answerable this long */

#endif
