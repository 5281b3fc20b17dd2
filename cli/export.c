#include "export.h"
#include "csv.h"
#include "file.h"
#include "ical.h"
#include "memory.h"
#include "object.h"
#include "pages.h"
#include "vcard.h"
#include <stdlib.h>
#include <string.h>

#define AUDIT_SINCE_S (366 * 86400)
#define AUDIT_LIMIT   5000

/* ---- what it is made of ---- */

void export_note(struct export *export, const char *file, size_t count)
{
	json_t *row = json_object();
	json_object_set_new(row, "file", json_string(file));
	json_object_set_new(row, "count", json_integer((json_int_t)count));
	json_array_append_new(export->files, row);
}

/* Closes the file that is open, and notes it. */
static int file_done(struct export *export, const char *name, size_t count)
{
	if (bundle_close(export->bundle, &export->session->failure) != 0)
		return -1;
	export_note(export, name, count);
	return 0;
}

/* One JSON document a line, of each element. */
static int lines_write(struct export *export, const char *name, const json_t *list)
{
	FILE *out = bundle_open(export->bundle, name, &export->session->failure);
	if (!out)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++)
		doc_print(json_array_get(list, i), out, DOC_ONE_LINE);
	return file_done(export, name, json_array_size(list));
}

static json_t *named(const char *key, const char *value)
{
	json_t *params = json_object();
	json_object_set_new(params, key, json_string(value));
	return params;
}

json_t *export_circles(struct session *session)
{
	json_t *shown = json_array();
	json_t *list = session_call(session, "circle_list", json_object(), CLIENT_READS);
	bool good = list != NULL;
	for (size_t i = 0; good && i < json_array_size(list); i++) {
		json_t *params = named("circle", doc_text(json_array_get(list, i), "id"));
		json_object_set_new(params, "all", json_true());
		json_t *circle = session_call(session, "circle_show", params, CLIENT_READS);
		good = circle && json_array_append_new(shown, circle) == 0;
	}
	json_decref(list);
	if (good)
		return shown;
	json_decref(shown);
	return NULL;
}

json_t *export_profiles(struct session *session, const json_t *circle)
{
	static const char *const keys[] = { "members", "former" };
	json_t *profiles = json_array();
	bool good = true;
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		const json_t *members = json_object_get(circle, keys[k]);
		for (size_t i = 0; good && i < json_array_size(members); i++) {
			const json_t *member = json_array_get(members, i);
			if (*doc_text(member, "name") == '\0')
				continue;
			json_t *params = named("circle", doc_text(circle, "id"));
			json_object_set(params, "member", json_object_get(member, "member"));
			json_t *profile =
				session_call(session, "profile_show", params, CLIENT_READS);
			good = profile && json_array_append_new(profiles, profile) == 0;
		}
	}
	if (good)
		return profiles;
	json_decref(profiles);
	return NULL;
}

/* ---- people ---- */

/* Whether a list has a profile of the same member already. */
static bool has_member(const json_t *profiles, const json_t *profile)
{
	for (size_t i = 0; i < json_array_size(profiles); i++)
		if (strcmp(doc_text(json_array_get(profiles, i), "member"),
		           doc_text(profile, "member")) == 0)
			return true;
	return false;
}

static int cards_write(struct export *export, const char *name, const json_t *profiles)
{
	FILE *out = bundle_open(export->bundle, name, &export->session->failure);
	if (!out)
		return -1;
	for (size_t i = 0; i < json_array_size(profiles); i++)
		vcard_write(out, json_array_get(profiles, i));
	return file_done(export, name, json_array_size(profiles));
}

/* Sorts the profiles of a circle into own ones and those of the others, each of these once. */
static void profiles_sort(const json_t *circle, const json_t *profiles, json_t *own, json_t *others)
{
	const json_t *members = json_object_get(circle, "members");
	for (size_t i = 0; i < json_array_size(profiles); i++) {
		json_t *profile = json_array_get(profiles, i);
		bool self = false;
		for (size_t k = 0; k < json_array_size(members); k++) {
			const json_t *member = json_array_get(members, k);
			self = self || (doc_true(member, "self") &&
			                strcmp(doc_text(member, "member"),
			                       doc_text(profile, "member")) == 0);
		}
		if (self)
			json_array_append(own, profile);
		else if (!has_member(others, profile))
			json_array_append(others, profile);
	}
}

static int people_write(struct export *export)
{
	json_t *own = json_array();
	json_t *others = json_array();
	json_t *circles = export_circles(export->session);
	int result = circles ? 0 : -1;
	for (size_t i = 0; result == 0 && i < json_array_size(circles); i++) {
		const json_t *circle = json_array_get(circles, i);
		json_t *profiles = export_profiles(export->session, circle);
		result = profiles ? 0 : -1;
		profiles_sort(circle, profiles, own, others);
		json_decref(profiles);
	}
	if (result == 0)
		result = lines_write(export, "circles.ndjson", circles);
	if (result == 0)
		result = lines_write(export, "profile.ndjson", own);
	if (result == 0)
		result = cards_write(export, "profile.vcf", own);
	if (result == 0)
		result = cards_write(export, "members.vcf", others);
	json_decref(own);
	json_decref(others);
	json_decref(circles);
	return result;
}

/* ---- tips and asks ---- */

/* The columns of tips.csv: where in an OBJECT each is. */
static const struct {
	const char *in; /* NULL: at the top */
	const char *key;
	const char *name;
} columns[] = {
	{ NULL, "id", "id" },
	{ NULL, "circle", "circle" },
	{ NULL, "from", "from" },
	{ NULL, "created", "created" },
	{ NULL, "state", "state" },
	{ NULL, "title", "title" },
	{ NULL, "need", "need" },
	{ "company", "name", "company" },
	{ NULL, "role", "role" },
	{ NULL, "place", "place" },
	{ NULL, "sector", "sector" },
	{ NULL, "warmth", "warmth" },
	{ NULL, "tags", "tags" },
	{ NULL, "budget", "budget" },
	{ NULL, "when", "when" },
	{ NULL, "expires", "expires" },
	{ "award", "to", "awarded_to" },
	{ "award", "at", "awarded_at" },
	{ "award", "first_contact_due", "first_contact_due" },
	{ "sealed", "name", "contact_name" },
	{ "sealed", "phone", "contact_phone" },
	{ "sealed", "email", "contact_email" },
	{ "outcome", "result", "result" },
	{ "outcome", "amount", "amount" },
	{ "outcome", "currency", "currency" },
	{ NULL, "why_private", "why_private" },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void tip_row(FILE *out, const json_t *tip)
{
	const char *cells[COLUMNS];
	char warmth[24] = "";
	char *tags = object_list(tip, "tags");
	if (doc_number(tip, "warmth", OBJECT_WARMTH_NONE) >= 0)
		snprintf(warmth, sizeof(warmth), "%lld", doc_number(tip, "warmth", 0));
	for (size_t i = 0; i < COLUMNS; i++) {
		const json_t *in = columns[i].in ? json_object_get(tip, columns[i].in) : tip;
		cells[i] = doc_text(in, columns[i].key);
		if (strcmp(columns[i].key, "warmth") == 0)
			cells[i] = warmth;
		else if (strcmp(columns[i].key, "tags") == 0)
			cells[i] = tags;
	}
	csv_row(out, cells, COLUMNS);
	free(tags);
}

struct objects {
	FILE *lines;
	FILE *csv; /* in memory: one file is open at a time */
	size_t count;
	size_t tips;
};

/* pages_on_item */
static int object_write(void *context, json_t *object)
{
	struct objects *objects = context;
	doc_print(object, objects->lines, DOC_ONE_LINE);
	objects->count++;
	if (strcmp(doc_text(object, "kind"), "tip") == 0) {
		tip_row(objects->csv, object);
		objects->tips++;
	}
	return 0;
}

static int objects_write(struct export *export, enum export_what what)
{
	struct objects objects = { 0 };
	const char *head[COLUMNS];
	char *csv = NULL;
	size_t size = 0;
	objects.lines = bundle_open(export->bundle, "objects.ndjson", &export->session->failure);
	if (!objects.lines)
		return -1;
	objects.csv = memory_check(open_memstream(&csv, &size));
	for (size_t i = 0; i < COLUMNS; i++)
		head[i] = columns[i].name;
	csv_row(objects.csv, head, COLUMNS);
	json_t *params = session_params(export->session);
	int result = -1;
	if (params) {
		json_object_set_new(params, "all", json_boolean(what == EXPORT_ALL));
		result = pages_each(export->session, "export", params, "objects", object_write,
		                    &objects);
	}
	if (fclose(objects.csv) != 0)
		memory_check(NULL);
	if (result == 0)
		result = file_done(export, "objects.ndjson", objects.count);
	FILE *out = result == 0 ? bundle_open(export->bundle, "tips.csv", &export->session->failure)
	                        : NULL;
	if (out)
		fputs(csv, out);
	result = out ? file_done(export, "tips.csv", objects.tips) : -1;
	free(csv);
	return result;
}

/* ---- what is private ---- */

static int text_write(struct export *export, const char *name, const char *end, const char *text)
{
	char *dir = file_path("letters/", name);
	char *path = file_path(dir, end);
	FILE *out = bundle_open(export->bundle, path, &export->session->failure);
	if (out)
		fputs(text, out);
	int result = out ? bundle_close(export->bundle, &export->session->failure) : -1;
	free(path);
	free(dir);
	return result;
}

/* The revocation of a letter that was revoked: asked for again, it is what it was. */
static int revocation_write(struct export *export, const json_t *letter, const char *name)
{
	json_t *params = named("id", doc_text(letter, "number"));
	json_t *revoked = session_call(export->session, "vouch_revoke", params, CLIENT_WRITES);
	if (!revoked)
		return -1;
	int result = text_write(export, name, ".revoked", doc_text(revoked, "revocation"));
	if (result == 0)
		result = text_write(export, name, ".revoked.minisig",
		                    doc_text(revoked, "revocation_signature"));
	json_decref(revoked);
	return result;
}

static int letter_write(struct export *export, const json_t *letter)
{
	const char *name = doc_text(letter, "file");
	const char *sign = doc_text(letter, "signature");
	if (*name == '\0' || strchr(name, '/'))
		name = doc_text(letter, "number");
	int result = text_write(export, name, "", doc_text(letter, "text"));
	if (result == 0 && *sign != '\0')
		result = text_write(export, name, ".minisig", sign);
	if (result == 0 && strcmp(doc_text(letter, "state"), "revoked") == 0)
		result = revocation_write(export, letter, name);
	return result;
}

static int letters_write(struct export *export)
{
	struct session *session = export->session;
	json_t *letters = session_call(session, "vouch_list", json_object(), CLIENT_READS);
	int result = letters ? bundle_dir(export->bundle, "letters", &session->failure) : -1;
	for (size_t i = 0; result == 0 && i < json_array_size(letters); i++)
		result = letter_write(export, json_array_get(letters, i));
	if (result == 0)
		export_note(export, "letters/", json_array_size(letters));
	json_decref(letters);
	return result;
}

static int calendar_write(struct export *export)
{
	struct session *session = export->session;
	json_t *todos = pages_read(session, "calendar", session_params(session), "todos");
	FILE *out = todos ? bundle_open(export->bundle, "calendar.ics", &session->failure) : NULL;
	if (out)
		ical_write(out, todos, ICAL_NAMES);
	int result = out ? file_done(export, "calendar.ics", json_array_size(todos)) : -1;
	json_decref(todos);
	return result;
}

static int private_write(struct export *export)
{
	struct session *session = export->session;
	json_t *params = json_object();
	json_object_set_new(params, "since_s", json_integer(AUDIT_SINCE_S));
	json_object_set_new(params, "limit", json_integer(AUDIT_LIMIT));
	json_t *audit = session_call(session, "audit", params, CLIENT_READS);
	json_t *watches =
		audit ? session_call(session, "watch_list", json_object(), CLIENT_READS) : NULL;
	int result = watches ? lines_write(export, "watches.ndjson", watches) : -1;
	if (result == 0)
		result = lines_write(export, "audit.ndjson", json_object_get(audit, "rows"));
	json_decref(watches);
	json_decref(audit);
	return result;
}

int export_write(struct export *export, enum export_what what)
{
	if (objects_write(export, what) != 0 || people_write(export) != 0 ||
	    calendar_write(export) != 0 || letters_write(export) != 0)
		return -1;
	return private_write(export);
}
