/*
 * Vectors of what a device signs beside its entries: a forked log with its proof, the message, the
 * cut, and proofs that are refused (PROTOCOL 4.11); BASE (7.10); CLONE and ALIVE (5.7). Each makes
 * and checks its values; the caller owns them.
 */
#ifndef FORK_VECTORS_H
#define FORK_VECTORS_H

#include <jansson.h>
#include "../../proto/keys.h"
#include "../../proto/log.h"

json_t *fork_vectors(const struct tuy_device_keys *device, const struct tuy_log_id *log);
json_t *base_vectors(const struct tuy_device_keys *device, const struct tuy_log_id *log);
json_t *clone_vectors(const struct tuy_device_keys *device);

#endif
