#include "vcard.h"
#include "content.h"
#include "doc.h"
#include "memory.h"
#include "times.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_LEAST 6 /* of a telephone number */
#define PHONE_CHARS  "0123456789 .()-"

/* The length of the telephone number that `text` begins with; 0: none. */
static size_t phone_len(const char *text)
{
	size_t plus = text[0] == '+';
	size_t len = plus + strspn(text + plus, PHONE_CHARS);
	size_t digits = 0;
	for (size_t i = 0; i < len; i++)
		digits += text[i] >= '0' && text[i] <= '9';
	while (len > 0 && strchr(" .(-", text[len - 1]))
		len--;
	return digits < DIGITS_LEAST ? 0 : len;
}

static void piece_put(FILE *out, const char *name, const char *text, size_t len)
{
	char *piece = memory_check(strndup(text, len));
	content_text(out, name, piece);
	free(piece);
}

/* The telephone numbers and mail addresses among what a person wrote about reaching him. */
static void reach_put(FILE *out, const char *reach)
{
	bool begins = true;
	for (const char *p = reach; *p != '\0';) {
		size_t word = strcspn(p, " ,;:\t\n");
		size_t phone = begins && (*p == '+' || *p == '(' || (*p >= '0' && *p <= '9'))
		                       ? phone_len(p)
		                       : 0;
		const char *at = memchr(p, '@', word);
		if (phone > 0)
			piece_put(out, "TEL", p, phone);
		else if (begins && at && at > p && at + 1 < p + word)
			piece_put(out, "EMAIL", p, word);
		size_t step = phone > 0 ? phone : begins && word > 0 ? word : 1;
		p += step;
		begins = strchr(" ,;:\t\n", p[-1]) != NULL;
	}
}

/* The first word is the given name: nobody said more. */
static void name_put(FILE *out, const char *name)
{
	size_t first = strcspn(name, " ");
	char *given = memory_check(strndup(name, first));
	const char *parts[] = { name[first] == ' ' ? name + first + 1 : "", given, "", "", "" };
	content_texts(out, "N", parts, sizeof(parts) / sizeof(parts[0]));
	free(given);
}

/* What the profile says beside, a line each. */
static void note_put(FILE *out, const json_t *profile)
{
	static const char *const keys[] = { "sells", "looks_for", "not_for",
		                            "zone",  "languages", "reach" };
	char *note = NULL;
	size_t size = 0;
	FILE *lines = memory_check(open_memstream(&note, &size));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = doc_text(profile, keys[i]);
		if (*text != '\0')
			fprintf(lines, "%s%s: %s", ftell(lines) > 0 ? "\n" : "", keys[i], text);
	}
	if (fclose(lines) != 0)
		memory_check(NULL);
	content_text(out, "NOTE", note);
	free(note);
}

void vcard_write(FILE *out, const json_t *profile)
{
	const char *name = doc_text(profile, "name");
	const char *updated = doc_text(profile, "updated");
	struct tm tm;
	time_t at;
	char text[96];
	if (*name == '\0')
		name = doc_text(profile, "from");
	content_line(out, "BEGIN", "VCARD");
	content_line(out, "VERSION", "4.0");
	snprintf(text, sizeof(text), "%.64s@tuyau", doc_text(profile, "member"));
	content_text(out, "UID;VALUE=text", text);
	content_text(out, "FN", name);
	name_put(out, name);
	content_text(out, "ORG", doc_text(profile, "company"));
	content_text(out, "ROLE", doc_text(profile, "seat"));
	reach_put(out, doc_text(profile, "reach"));
	note_put(out, profile);
	if (times_parse(updated, &at) == 0 && gmtime_r(&at, &tm) &&
	    strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm) > 0)
		content_line(out, "REV", text);
	content_line(out, "END", "VCARD");
}
