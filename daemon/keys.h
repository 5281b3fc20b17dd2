/*
 * The identity file: the device secret, and after the first `new` or `join` the certificate that
 * ties this device to a person (PROTOCOL 3). It is written whole to a temporary file, made durable
 * and renamed; what cannot be read is never overwritten.
 *
 * Thread rule: the loop thread (or before it runs). Writing waits for the disk: it happens at most
 * twice in the life of a home.
 */
#ifndef KEYS_H
#define KEYS_H

#include "../proto/keys.h"
#include "store.h"

/* Lives in locked memory (sodium_malloc); made and freed only here. */
struct keys {
	struct tuy_secret device_secret;
	struct tuy_device_keys device; /* derived from it */
	bool certified;                /* false: no `new` or `join` yet; `cert` is zero */
	struct tuy_cert cert;          /* cert.member is the person */
};

enum keys_absent { KEYS_REFUSE_ABSENT, KEYS_CREATE_ABSENT };

/*
 * Reads the identity file at `path`; if there is none, makes one (CREATE) or refuses (REFUSE: there
 * is a store that belonged to one). On error *keys is NULL, `error` filled ("T-IDENTITY-MISSING",
 * "-MODE", "-OWNER", "-PERMISSION", "-KIND", "-SIZE", "-DAMAGED", "-VERSION", "-READ", "-WRITE";
 * "T-MEMORY"), and the file is as it was. Returns 0 or -1.
 */
int keys_open(const char *path, enum keys_absent absent, struct keys **keys,
              struct store_error *error);

/* Wipes and frees; NULL is allowed. */
void keys_close(struct keys *keys);

/* Puts `cert` in and writes the file durably. -1 with `error`: nothing changed, on disk or here. */
int keys_certify(struct keys *keys, const char *path, const struct tuy_cert *cert,
                 struct store_error *error);

#endif
