#include "object.h"
#include "../proto/text.h"
#include "memory.h"
#include "words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_ask(const json_t *object)
{
	return strcmp(doc_text(object, "kind"), "ask") == 0;
}

const char *object_company(const json_t *object)
{
	return doc_text(json_object_get(object, "company"), "name");
}

/* How many bytes of `said` leave room for a piece of the company, at most a third of the room. */
static int said_len(const char *said, size_t taken, const char *company, size_t room)
{
	struct tuy_bytes text = tuy_text_bytes(said);
	size_t piece = tuy_text_columns(tuy_text_bytes(company));
	if (piece > room / 3)
		piece = room / 3;
	if (room == 0 || *company == '\0' || taken + tuy_text_columns(text) + 3 + piece <= room ||
	    room < taken + piece + 12)
		return (int)text.len;
	return (int)tuy_text_cut_columns(text, room - taken - piece - 4);
}

char *object_what(const json_t *object, size_t room)
{
	const char *company = object_company(object);
	const char *state = doc_text(object, "state");
	const char *said = doc_text(object, is_ask(object) ? "text" : "title");
	const char *ask = is_ask(object) ? doc_text(object, "ask") : "";
	char before[96] = "";
	int len;
	if (doc_true(object, "unreadable"))
		return memory_text("%s", _("(not readable here)"));
	if (*state != '\0' && strcmp(state, "open") != 0)
		snprintf(before, sizeof(before), "[%.40s] ", state);
	if (*ask != '\0')
		snprintf(before + strlen(before), sizeof(before) - strlen(before), "%.40s: ", ask);
	len = said_len(said, strlen(before), company, room);
	return memory_text("%s%.*s%s%s%s", before, len, said, said[len] != '\0' ? "…" : "",
	                   *company != '\0' ? " · " : "", company);
}

const char *object_warmth(const json_t *object, const struct show_term *term)
{
	static const char *const dots[] = {
		N_("lead"), "●○○○○", "●●○○○", "●●●○○", "●●●●○", "●●●●●"
	};
	static const char *const digits[] = { "0", "1", "2", "3", "4", "5" };
	long long warmth = doc_number(object, "warmth", OBJECT_WARMTH_NONE);
	if (warmth < 0 || warmth > 5)
		return "";
	return term->screen ? _(dots[warmth]) : digits[warmth];
}

const char *object_warmth_means(const json_t *object)
{
	static const char *const means[] = { N_("a lead: nobody was told anything"),
		                             N_("they know I gave you their name"),
		                             N_("I sent them something about you"),
		                             N_("I spoke for you"),
		                             N_("I arranged the call"),
		                             N_("I will be in the room") };
	long long warmth = doc_number(object, "warmth", OBJECT_WARMTH_NONE);
	return warmth < 0 || warmth > 5 ? "" : _(means[warmth]);
}

char *object_sees(const json_t *object)
{
	static const struct {
		const char *key;
		const char *name;
	} fields[] = {
		{ "title", N_("title") },   { "need", N_("need") },
		{ "text", N_("text") },     { "company", N_("company") },
		{ "place", N_("place") },   { "sector", N_("sector") },
		{ "role", N_("role") },     { "budget", N_("budget") },
		{ "when", N_("when") },     { "skills", N_("skills") },
		{ "person", N_("person") }, { "blurb", N_("blurb") },
		{ "why", N_("why") },       { "reward", N_("reward") },
	};
	char sees[200] = "";
	size_t len = 0;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const json_t *value = json_object_get(object, fields[i].key);
		bool given = json_is_object(value) || json_string_length(value) > 0;
		if (given && len < sizeof(sees))
			len += (size_t)snprintf(sees + len, sizeof(sees) - len, "%s%s",
			                        len > 0 ? ", " : "", _(fields[i].name));
	}
	return memory_text("%s", sees);
}

char *object_list(const json_t *object, const char *key)
{
	const json_t *list = json_object_get(object, key);
	char *text = memory_text("%s", "");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));
		char *longer = memory_text("%s%s%s", text, i > 0 ? ", " : "", item ? item : "");
		free(text);
		text = longer;
	}
	return text;
}

bool object_has_next(const json_t *object, const char *verb)
{
	const json_t *next = json_object_get(object, "next");
	for (size_t i = 0; i < json_array_size(next); i++) {
		const char *one = json_string_value(json_array_get(next, i));
		if (one && strcmp(one, verb) == 0)
			return true;
	}
	return false;
}
