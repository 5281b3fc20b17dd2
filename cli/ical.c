#include "ical.h"
#include "../proto/text.h"
#include "content.h"
#include "doc.h"
#include "memory.h"
#include "object.h"
#include "times.h"
#include "words.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* NAME:20260112T091405Z; nothing if the document has no time there. */
static void time_put(FILE *out, const char *name, const char *rfc3339)
{
	time_t at;
	struct tm tm;
	char text[32];
	if (times_parse(rfc3339, &at) == 0 && gmtime_r(&at, &tm) &&
	    strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm) > 0)
		content_line(out, name, text);
}

/* Whether `text` has all words of `name`. */
static bool has_name(const char *text, const char *name)
{
	struct tuy_query query;
	struct tuy_bytes bytes = tuy_text_bytes(text);
	return tuy_query_parse(&query, TUY_QUERY_WATCH, tuy_text_bytes(name)) == TUY_OK &&
	       tuy_query_matches(&query, &bytes, 1);
}

/* Whether what everybody in the circle may read of an object names a person: it is an ask for news
 * of somebody, or somebody wrote the name where none belongs. */
static bool names_somebody(const json_t *object, const char *said)
{
	const char *sealed = doc_text(json_object_get(object, "sealed"), "name");
	return strcmp(doc_text(object, "ask"), "news") == 0 || has_name(said, sealed) ||
	       has_name(said, doc_text(object, "person"));
}

/* What the object is about, in a line; empty if only a name would tell. The caller frees it. */
static char *about(const json_t *object, enum ical_names names)
{
	bool ask = strcmp(doc_text(object, "kind"), "ask") == 0;
	const char *said = doc_text(object, ask ? "text" : "title");
	const char *company = object_company(object);
	if (names == ICAL_NO_NAMES && names_somebody(object, said))
		said = "";
	bool both = *said != '\0' && *company != '\0';
	return memory_text("%.*s%s%s", (int)tuy_text_cut(tuy_text_bytes(said), 120), said,
	                   both ? " · " : "", company);
}

static char *summary(const json_t *todo, enum ical_names names)
{
	static const struct {
		const char *what;
		const char *says;
	} kinds[] = {
		{ "first-contact", N_("First contact (tip %s)") },
		{ "follow-up", N_("Follow up (tip %s)") },
		{ "answer", N_("Follow up on your answer (ask %s)") },
		{ "ask", N_("Your ask ends (%s)") },
	};
	const json_t *object = json_object_get(todo, "object");
	const char *what = doc_text(todo, "what");
	char id[8];
	snprintf(id, sizeof(id), "%.4s", doc_text(todo, "id"));
	char *head = NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !head; i++)
		if (strcmp(kinds[i].what, what) == 0) {
			if (asprintf(&head, _(kinds[i].says), id) < 0)
				memory_check(NULL);
		}
	char *said = about(object, names);
	char *line = memory_text("%s%s%s", head ? head : id, *said != '\0' ? ": " : "", said);
	free(said);
	free(head);
	return line;
}

/* What to type, and with names whom to call. */
static char *description(const json_t *todo, enum ical_names names)
{
	static const char *const keys[] = { "name", "phone", "email", "best_time" };
	const json_t *object = json_object_get(todo, "object");
	const json_t *sealed = json_object_get(object, "sealed");
	const char *what = doc_text(todo, "what");
	const char *id = doc_text(object, "short");
	char *text = memory_text("%s", "");
	for (size_t i = 0; names == ICAL_NAMES && i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = doc_text(sealed, keys[i]);
		char *more = memory_text("%s%s%s", text, value, *value != '\0' ? "\n" : "");
		free(text);
		text = more;
	}
	bool first = strcmp(what, "first-contact") == 0;
	char *all = memory_text(first ? _("%stuyau done %s --contacted") : _("%stuyau show %s"),
	                        text, id);
	free(text);
	return all;
}

static void alarm_put(FILE *out, const char *said)
{
	content_line(out, "BEGIN", "VALARM");
	content_line(out, "ACTION", "DISPLAY");
	content_line(out, "TRIGGER;RELATED=END", "-PT1H");
	content_text(out, "DESCRIPTION", said);
	content_line(out, "END", "VALARM");
}

static void todo_put(FILE *out, const json_t *todo, enum ical_names names)
{
	static const struct {
		const char *name;
		const char *ical;
	} states[] = { { "needs-action", "NEEDS-ACTION" },
		       { "in-process", "IN-PROCESS" },
		       { "completed", "COMPLETED" },
		       { "cancelled", "CANCELLED" } };
	const char *status = doc_text(todo, "status");
	bool open = strcmp(status, "needs-action") == 0 || strcmp(status, "in-process") == 0;
	char *said = summary(todo, names);
	char *uid = memory_text("%s@tuyau", doc_text(todo, "id"));
	char number[24];
	snprintf(number, sizeof(number), "%lld", doc_number(todo, "sequence", 0));
	content_line(out, "BEGIN", "VTODO");
	content_line(out, "UID", uid);
	/* RFC 5545 3.8.7.2: without a METHOD it is when the component was last revised */
	time_put(out, "DTSTAMP", doc_text(todo, "modified"));
	time_put(out, "LAST-MODIFIED", doc_text(todo, "modified"));
	content_line(out, "SEQUENCE", number);
	content_text(out, "SUMMARY", said);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].name, status) == 0)
			content_line(out, "STATUS", states[i].ical);
	time_put(out, "DUE", doc_text(todo, "due"));
	time_put(out, "COMPLETED", doc_text(todo, "completed"));
	content_line(out, "CLASS", "PRIVATE");
	if (open) {
		char *how = description(todo, names);
		content_text(out, "DESCRIPTION", how);
		alarm_put(out, said);
		free(how);
	}
	content_line(out, "END", "VTODO");
	free(uid);
	free(said);
}

void ical_write(FILE *out, const json_t *todos, enum ical_names names)
{
	content_line(out, "BEGIN", "VCALENDAR");
	content_line(out, "VERSION", "2.0");
	content_line(out, "PRODID", "-//Tuyau//tuyau " TUY_VERSION "//EN");
	for (size_t i = 0; i < json_array_size(todos); i++)
		todo_put(out, json_array_get(todos, i), names);
	content_line(out, "END", "VCALENDAR");
}
