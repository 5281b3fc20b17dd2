/*
 * A PROFILE (daemon/rpc_methods.h) as a vCard 4.0 (RFC 6350).
 *
 * Thread rule: the program has one thread.
 */
#ifndef VCARD_H
#define VCARD_H

#include <jansson.h>
#include <stdio.h>

/* Writes one card. A profile without a name gets what stands in its `from`. */
void vcard_write(FILE *out, const json_t *profile);

#endif
