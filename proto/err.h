/*
 * One list of everything that can be wrong with bytes from outside, with a file, or with a request.
 * An ordinary value: returned, never thrown, never an abort. On error nothing has changed.
 * Thread rule: pure, any thread.
 */
#ifndef TUY_ERR_H
#define TUY_ERR_H

enum tuy_err {
	TUY_OK = 0,
	TUY_E_SHORT,     /* the bytes end too early: wait for more, or refuse the message */
	TUY_E_FORMAT,    /* not canonical, wrong type, reserved bits set: refuse */
	TUY_E_LIMIT,     /* larger, deeper or more than limits.h allows: refuse */
	TUY_E_FULL,      /* the caller's buffer or table has no room: nothing written */
	TUY_E_SIGNATURE, /* a signature does not verify: refuse and count against the sender */
	TUY_E_CHAIN,     /* headers do not chain to what is held: ask again from the last common
	                    checkpoint */
	TUY_E_COMMIT,    /* a blob is not the one its header commits to: refuse */
	TUY_E_OPEN,      /* decryption failed: no key, or the bytes were changed */
	TUY_E_GAP,       /* an earlier entry or operation is missing: ask for it */
	TUY_E_UNKNOWN,   /* names something not known here */
	TUY_E_REFUSED,   /* well-formed but not allowed (rights, rules) */
	TUY_E_USED,      /* an invite that was used before */
	TUY_E_EXPIRED,   /* an invite past its date */
	TUY_E_CONFLICT,  /* is so already */
	TUY_E_STORE,     /* the store failed (disk full, I/O): nothing was kept */
};

/* The stable short name of an error ("short", "format", ...); never NULL. For logs, not for people.
 */
const char *tuy_err_name(enum tuy_err err);

/*
 * Our own mistakes only: what no input can cause. Always compiled in; prints file, line and
 * condition, then stops the process at once. proto/ has no stdio, so the reporter is in the host:
 * tuy_require_failed never returns.
 */
_Noreturn void tuy_require_failed(const char *what, const char *file, int line);
#define tuy_require(x) ((x) ? (void)0 : tuy_require_failed(#x, __FILE__, __LINE__))

#endif
