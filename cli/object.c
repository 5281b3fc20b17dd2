#include "object.h"
#include <stdlib.h>
#include <string.h>

/* `format` as a new text. */
static char *text_make(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *text_make(const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return errors_memory(text);
}

static bool is_ask(const json_t *object)
{
	return strcmp(doc_text(object, "kind"), "ask") == 0;
}

const char *object_company(const json_t *object)
{
	return doc_text(json_object_get(object, "company"), "name");
}

char *object_what(const json_t *object)
{
	const char *company = object_company(object);
	const char *state = doc_text(object, "state");
	const char *dot = *company != '\0' ? " · " : "";
	char before[64] = "";
	if (doc_true(object, "unreadable"))
		return text_make("(not readable here)");
	if (*state != '\0' && strcmp(state, "open") != 0)
		snprintf(before, sizeof(before), "[%s] ", state);
	if (is_ask(object))
		return text_make("%s%s: %s%s%s", before, doc_text(object, "ask"),
		                 doc_text(object, "text"), dot, company);
	return text_make("%s%s%s%s", before, doc_text(object, "title"), dot, company);
}

const char *object_warmth(const json_t *object, const struct show_term *term)
{
	static const char *const dots[] = { "lead", "●○○○○", "●●○○○", "●●●○○", "●●●●○", "●●●●●" };
	static const char *const digits[] = { "0", "1", "2", "3", "4", "5" };
	long long warmth = doc_number(object, "warmth", OBJECT_WARMTH_NONE);
	if (warmth < 0 || warmth > 5)
		return "";
	return term->screen ? dots[warmth] : digits[warmth];
}

const char *object_warmth_means(const json_t *object)
{
	static const char *const means[] = { "a lead: nobody was told anything",
		                             "they know I gave you their name",
		                             "I sent them something about you",
		                             "I spoke for you",
		                             "I arranged the call",
		                             "I will be in the room" };
	long long warmth = doc_number(object, "warmth", OBJECT_WARMTH_NONE);
	return warmth < 0 || warmth > 5 ? "" : means[warmth];
}

char *object_sees(const json_t *object)
{
	static const char *const keys[] = { "title",  "need",  "text",   "company", "place",
		                            "sector", "role",  "budget", "when",    "skills",
		                            "person", "blurb", "why",    "reward" };
	char sees[200] = "";
	size_t len = 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *value = json_object_get(object, keys[i]);
		bool given = json_is_object(value) || json_string_length(value) > 0;
		if (given && len < sizeof(sees))
			len += (size_t)snprintf(sees + len, sizeof(sees) - len, "%s%s",
			                        len > 0 ? ", " : "", keys[i]);
	}
	return text_make("%s", sees);
}

char *object_list(const json_t *object, const char *key)
{
	const json_t *list = json_object_get(object, key);
	char *text = text_make("%s", "");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));
		char *longer = text_make("%s%s%s", text, i > 0 ? ", " : "", item ? item : "");
		free(text);
		text = longer;
	}
	return text;
}
