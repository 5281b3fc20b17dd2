#include "about.h"
#include "../proto/text.h"
#include "export.h"
#include "pages.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LEN 120 /* of the name of a field: "answers.text" */

/* The kinds of things something can stand in. */
static const struct {
	const char *key; /* of the document */
	const char *id;  /* of an element */
	const char *title;
} parts[] = {
	{ "objects", "id", N_("Tips and asks") },
	{ "profiles", "member", N_("Profiles of members") },
	{ "letters", "number", N_("Own letters") },
	{ "watches", "number", N_("Standing searches") },
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* ---- finding ---- */

/* Whether a text somewhere in a value has all words of the name: what the daemon does for objects.
 */
static bool is_named(const struct tuy_query *name, const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;
	if (json_is_string(value)) {
		struct tuy_bytes text = tuy_text_bytes(json_string_value(value));
		return tuy_query_matches(name, &text, 1);
	}
	json_array_foreach(value, i, item) if (is_named(name, item)) return true;
	json_object_foreach((json_t *)(uintptr_t)value, key,
	                    item) if (is_named(name, item)) return true;
	return false;
}

/* Adds the elements that name the person. */
static void named_add(json_t *to, const json_t *list, const struct tuy_query *name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_named(name, json_array_get(list, i)))
			json_array_append(to, json_array_get(list, i));
}

static int profiles_find(struct session *session, json_t *to, const struct tuy_query *name)
{
	json_t *circles = export_circles(session);
	int result = circles ? 0 : -1;
	for (size_t i = 0; result == 0 && i < json_array_size(circles); i++) {
		json_t *profiles = export_profiles(session, json_array_get(circles, i));
		result = profiles ? 0 : -1;
		named_add(to, profiles, name);
		json_decref(profiles);
	}
	json_decref(circles);
	return result;
}

static int list_find(struct session *session, const char *method, json_t *to,
                     const struct tuy_query *name)
{
	json_t *list = session_call(session, method, json_object(), CLIENT_READS);
	named_add(to, list, name);
	json_decref(list);
	return list ? 0 : -1;
}

/* The document; NULL: session->failure. */
static json_t *about_find(struct session *session, json_t *string, const struct tuy_query *name)
{
	json_t *params = session_params(session);
	if (!params)
		return NULL;
	json_object_set(params, "about", string);
	json_t *objects = pages_read(session, "export", params, "objects");
	if (!objects)
		return NULL;
	json_t *found = json_object();
	json_object_set_new(found, "schema", json_integer(1));
	json_object_set(found, "about", string);
	json_object_set_new(found, "objects", objects);
	for (size_t i = 1; i < PARTS; i++)
		json_object_set_new(found, parts[i].key, json_array());
	if (profiles_find(session, json_object_get(found, "profiles"), name) == 0 &&
	    list_find(session, "vouch_list", json_object_get(found, "letters"), name) == 0 &&
	    list_find(session, "watch_list", json_object_get(found, "watches"), name) == 0)
		return found;
	json_decref(found);
	return NULL;
}

/* ---- showing ---- */

/* "  answers.text: ..." for every text, number and yes in a value. */
static void fields_print(const json_t *value, const char *path)
{
	static const char *const unsaid[] = { "schema", "delivery", "next", "matched", "short" };
	const char *key;
	json_t *item;
	size_t i;
	json_array_foreach(value, i, item) fields_print(item, path);
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		char longer[PATH_MAX_LEN];
		bool said = true;
		for (size_t k = 0; k < sizeof(unsaid) / sizeof(unsaid[0]); k++)
			said = said && strcmp(key, unsaid[k]) != 0;
		snprintf(longer, sizeof(longer), "%.50s%s%.50s", path, *path != '\0' ? "." : "",
		         key);
		if (said)
			fields_print(item, longer);
	}
	if (json_is_string(value)) {
		char *text = show_clean(json_string_value(value));
		printf("  %s: %s\n", path, text);
		free(text);
	} else if (json_is_integer(value)) {
		printf("  %s: %lld\n", path, (long long)json_integer_value(value));
	} else if (json_is_true(value)) {
		printf("  %s: %s\n", path, _("yes"));
	}
}

static size_t found_count(const json_t *found)
{
	size_t count = 0;
	for (size_t i = 0; i < PARTS; i++)
		count += json_array_size(json_object_get(found, parts[i].key));
	return count;
}

static void found_print(const json_t *found)
{
	char *name = show_clean(doc_text(found, "about"));
	if (found_count(found) == 0)
		printf(_("This node holds nothing that names %s.\n"), name);
	else
		printf(_("What this node holds that names %s:\n"), name);
	free(name);
	for (size_t i = 0; i < PARTS; i++) {
		const json_t *list = json_object_get(found, parts[i].key);
		if (json_array_size(list) > 0)
			printf("\n%s\n", _(parts[i].title));
		for (size_t k = 0; k < json_array_size(list); k++) {
			fputs(k > 0 ? "\n" : "", stdout);
			fields_print(json_array_get(list, k), "");
		}
	}
}

static void ids_print(const json_t *found)
{
	for (size_t i = 0; i < PARTS; i++) {
		const json_t *list = json_object_get(found, parts[i].key);
		for (size_t k = 0; k < json_array_size(list); k++) {
			const json_t *id = json_object_get(json_array_get(list, k), parts[i].id);
			if (json_is_string(id))
				printf("%s\n", json_string_value(id));
			else
				printf("%lld\n", (long long)json_integer_value(id));
		}
	}
}

int about_run(struct session *session, const char *name)
{
	struct tuy_query query;
	json_t *string;
	if (options_string(name, "--about", &string, &session->failure) != 0)
		return -1;
	if (tuy_query_parse(&query, TUY_QUERY_WATCH, tuy_text_bytes(name)) != TUY_OK) {
		json_decref(string);
		return session_usage_error(session, "\"--about %s\": a name, of one word or some.",
		                           name);
	}
	json_t *found = about_find(session, string, &query);
	json_decref(string);
	if (!found)
		return -1;
	if (session->options.quiet && !session->options.json)
		ids_print(found);
	else if (!session_document_print(session, found, "about"))
		found_print(found);
	json_decref(found);
	return 0;
}
