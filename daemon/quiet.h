/*
 * Quiet hours, `quiet = 20:00-08:00` in tuyaud.conf: local time (TZ), every day, the end not among
 * them, over midnight if the end is not behind the beginning. While they last no hook is run. At
 * their end one event `digest` tells what came (digest.h). Without quiet hours none are quiet and
 * the digest comes at QUIET_DIGEST_MIN.
 *
 * Thread rule: pure but for the time zone; any thread.
 */
#ifndef QUIET_H
#define QUIET_H

#include <stdbool.h>
#include <stdint.h>

#define QUIET_DIGEST_MIN (8 * 60)

struct quiet {
	bool given;
	uint16_t from_min; /* of the day, 0..1439 */
	uint16_t until_min;
};

/* "20:00-08:00"; "" or "no": none. 0, or -1 if it is nothing so. */
int quiet_parse(const char *text, struct quiet *quiet);

bool quiet_is_now(const struct quiet *quiet, uint32_t wall_s);

/* A number that is one more from each end of the quiet hours on. */
int64_t quiet_day(const struct quiet *quiet, uint32_t wall_s);

#endif
