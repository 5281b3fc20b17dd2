/*
 * Times: RFC 3339 in documents, local time and names in their language for people, "30d" and
 * "2026-03-01" from the command line.
 *
 * Thread rule: the program has one thread.
 */
#ifndef TIMES_H
#define TIMES_H

#include <stdint.h>
#include <time.h>

struct times_text {
	char text[48];
};

/* "2026-01-12T09:14:05Z" (also with a fraction or an offset) to *at; -1 if it is none. */
int times_parse(const char *rfc3339, time_t *at);

/* "now", "3 min", "2 h", "1 d", "5 w"; empty if `rfc3339` is no time. */
struct times_text times_age(const char *rfc3339, time_t now);
/* "just now", "3 min ago"; empty if `rfc3339` is no time. */
struct times_text times_ago(const char *rfc3339, time_t now);
/* "11 Feb", or "11 Feb 2027" if that is not within half a year; empty if `rfc3339` is no time. */
struct times_text times_day(const char *rfc3339, time_t now);
/* "Wed 14 Jan 09:20"; empty if `rfc3339` is no time. */
struct times_text times_moment(const char *rfc3339);

/* "30d", "12h", "2w", "90min", or a number of days, to seconds (> 0); -1 if it is nothing so. */
int64_t times_span_parse(const char *text);

/* A moment: "2026-03-01" (the end of that day here), "2026-03-01 18:00" (here), RFC 3339, or a span
 * from `now`; -1 if it is nothing so. */
int64_t times_until_parse(const char *text, time_t now);

#endif
