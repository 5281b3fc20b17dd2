/*
 * The conversation with tuyaud: one connection over its Unix socket, one request at a time.
 *
 * Thread rule: the program has one thread.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "../daemon/paths.h"
#include "errors.h"
#include <jansson.h>
#include <stdint.h>

#define CLIENT_ANSWER_MS 60000 /* longer than any request but join takes */

struct client {
	int fd; /* -1: not connected */
	uint32_t msgid;
	struct paths paths;
};

enum client_start { CLIENT_START, CLIENT_NO_START };

/*
 * Finds the socket of `home` (NULL: TUYAU_HOME or XDG) and connects; with CLIENT_START starts
 * tuyaud when nobody answers there. 0, or -1 and `failure` ("T-NO-DAEMON", "T-SOCKET-PATH", or what
 * tuyaud said). Close it in both cases.
 */
int client_open(struct client *client, const char *home, enum client_start start,
                struct failure *failure);

/* What an answer that does not come means. */
enum client_effect {
	CLIENT_READS,  /* nothing: it can be asked again */
	CLIENT_WRITES, /* it may be done, it may be not */
};

/*
 * One request and its answer. Takes `params` (a map). The result is the caller's, and as doc_scrub
 * leaves it; NULL and `failure` if the daemon refused, is gone, was silent for `timeout_ms` or
 * talked nonsense
 * ("T-PROTOCOL").
 */
json_t *client_call(struct client *client, const char *method, json_t *params,
                    enum client_effect effect, int timeout_ms, struct failure *failure);

/* Waits until the daemon's process has ended, at most `timeout_ms`. 0, or -1 if it has not. */
int client_end_wait(struct client *client, int timeout_ms);

void client_close(struct client *client);

#endif
