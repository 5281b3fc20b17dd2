/*
 * TODOs (daemon/rpc_methods.h) as an iCalendar file (RFC 5545): a VTODO each, under an id that
 * stays, so that importing it again changes what is there and doubles nothing. The same TODOs give
 * the same bytes.
 *
 * Thread rule: the program has one thread.
 */
#ifndef ICAL_H
#define ICAL_H

#include <jansson.h>
#include <stdio.h>

/* Whether names of third persons stand in it: a calendar is often kept by others. */
enum ical_names { ICAL_NO_NAMES, ICAL_NAMES };

void ical_write(FILE *out, const json_t *todos, enum ical_names names);

#endif
