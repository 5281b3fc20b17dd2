/*
 * Signature files in the form of minisign (PROTOCOL 10.2, 10.3): ours are prehashed, those of
 * others may be legacy too. Nothing here knows what is signed. Thread rule: pure, any thread.
 */
#ifndef TUY_MINISIGN_H
#define TUY_MINISIGN_H

#include "err.h"
#include "types.h"

struct tuy_minisign_key {
	uint8_t id[8];
	struct tuy_letter_pk pk;
};

#define TUY_MINISIGN_KEY_TEXT 57 /* "RW..." and a NUL */

/* The key with the id that ours have (10.2). */
struct tuy_minisign_key tuy_minisign_key(const struct tuy_letter_pk *pk);
void tuy_minisign_key_text(const struct tuy_minisign_key *key, char out[TUY_MINISIGN_KEY_TEXT]);
/* Reads a key as text, or a key file; white space around it is passed over. TUY_E_FORMAT: it is
 * none. */
enum tuy_err tuy_minisign_key_parse(struct tuy_bytes text, struct tuy_minisign_key *key);
/* Whether id and key are the same. */
bool tuy_minisign_key_equal(const struct tuy_minisign_key *a, const struct tuy_minisign_key *b);

enum tuy_minisign_form { TUY_MINISIGN_LEGACY, TUY_MINISIGN_PREHASHED };

struct tuy_minisign { /* what a signature file says */
	enum tuy_minisign_form form;
	uint8_t key_id[8];
	struct tuy_sig sig;
	struct tuy_sig global;
	struct tuy_bytes trusted; /* the text of the comment, a span into the file */
};

#define TUY_MINISIGN_UNTRUSTED_MAX 1024 /* bytes of a comment's text */
#define TUY_MINISIGN_TRUSTED_MAX   8192
#define TUY_MINISIGN_MAX           9600 /* bytes of a whole signature file */

/* Reads a signature file. TUY_E_SHORT: it ends too early, it was cut; TUY_E_FORMAT: it is none, or
 * of an algorithm that is not known; TUY_E_LIMIT: a comment is too long. */
enum tuy_err tuy_minisign_parse(struct tuy_bytes file, struct tuy_minisign *sign);

/*
 * Checks it: TUY_OK; TUY_E_UNKNOWN: made with another key; TUY_E_COMMIT: `file` is not what was
 * signed (or the key only has the same id); TUY_E_SIGNATURE: the trusted comment is not what was
 * signed. On error nothing of it may be believed.
 */
enum tuy_err tuy_minisign_check(const struct tuy_minisign *sign, const struct tuy_minisign_key *key,
                                struct tuy_bytes file);

/*
 * Writes the signature file of `file` (prehashed); `sk` is libsodium's form. Comments are within
 * their limits, without line feeds. TUY_E_FULL: `out_size` is too small, at most TUY_MINISIGN_MAX
 * are needed.
 */
enum tuy_err tuy_minisign_write(const uint8_t sk[64], struct tuy_bytes file,
                                struct tuy_bytes untrusted, struct tuy_bytes trusted, uint8_t *out,
                                size_t out_size, size_t *len);

#endif
