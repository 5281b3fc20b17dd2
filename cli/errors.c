#include "errors.h"
#include "../proto/text.h"
#include "doc.h"
#include "show.h"
#include "words.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An overlong text ends in the middle of a character at worst: step back to its beginning. */
static void end_mend(char *text)
{
	size_t len = strlen(text);
	size_t last = len;
	while (last > 0 && ((unsigned char)text[last - 1] & 0xc0) == 0x80)
		last--;
	if (last > 0 && (unsigned char)text[last - 1] >= 0xc0) {
		int32_t c;
		size_t size = len - (last - 1);
		tuy_text_char_read((const uint8_t *)text + last - 1, size, &c);
		if (c < 0)
			text[last - 1] = '\0';
	}
}

static void human_print(const struct failure *failure)
{
	if (failure->recovery_key[0] != '\0')
		errors_key_print(failure->recovery_key);
	bool colour = isatty(STDERR_FILENO) && !(getenv("NO_COLOR") && *getenv("NO_COLOR"));
	uint8_t text[3 * sizeof(failure->message)];
	size_t len;
	tuy_text_scrub(tuy_text_bytes(failure->message), TUY_TEXT_LINES, text, sizeof(text), &len);
	fprintf(stderr, "%s%s%s %.*s\n", colour ? "\033[1;31m" : "", failure->code,
	        colour ? "\033[0m" : "", (int)len, (const char *)text);
	if (failure->hint[0] == '\0')
		return;
	tuy_text_scrub(tuy_text_bytes(failure->hint), TUY_TEXT_LINES, text, sizeof(text), &len);
	fprintf(stderr, "  %.*s\n", (int)len, (const char *)text);
}

/* A string value; what is not UTF-8 (arguments, paths) is replaced. */
static json_t *string_make(const char *text)
{
	uint8_t clean[3 * sizeof(((struct failure *)0)->message)];
	size_t len;
	tuy_text_scrub(tuy_text_bytes(text), TUY_TEXT_LINES, clean, sizeof(clean), &len);
	return json_stringn((const char *)clean, len);
}

static void json_print(const struct failure *failure)
{
	json_t *document = json_object();
	json_t *error = json_object();
	json_object_set_new(document, "schema", json_integer(1));
	if (failure->id[0] != '\0')
		json_object_set_new(document, "id", string_make(failure->id));
	json_object_set_new(error, "code", string_make(failure->code));
	json_object_set_new(error, "message", string_make(failure->message));
	json_object_set_new(error, "hint", string_make(failure->hint));
	json_object_set_new(error, "retryable", json_boolean(failure->retryable));
	json_object_set_new(document, "error", error);
	if (failure->recovery_key[0] != '\0')
		json_object_set_new(document, "recovery_key", string_make(failure->recovery_key));
	doc_print(document, stderr, DOC_ONE_LINE);
	json_decref(document);
}

int errors_set(struct failure *failure, enum errors_exit status, const char *code, const char *hint,
               const char *message, ...)
{
	struct failure made = { .exit = status };
	va_list args;
	snprintf(made.code, sizeof(made.code), "%s", code);
	va_start(args, message);
	vsnprintf(made.message, sizeof(made.message), words_text(message), args);
	va_end(args);
	snprintf(made.hint, sizeof(made.hint), "%s", hint ? words_text(hint) : "");
	end_mend(made.message);
	end_mend(made.hint);
	*failure = made;
	return -1;
}

void errors_key_print(const char *recovery_key)
{
	char *key = show_clean(recovery_key);
	size_t columns = tuy_text_columns(tuy_text_bytes(key)) + 4;
	fputs("\n  ┌", stderr);
	for (size_t i = 0; i < columns; i++)
		fputs("─", stderr);
	fprintf(stderr, "┐\n  │  %s  │\n  └", key);
	for (size_t i = 0; i < columns; i++)
		fputs("─", stderr);
	fprintf(stderr, "┘\n%s\n",
	        _("  This is your recovery key, shown this once and kept nowhere: write it down, "
	          "it\n"
	          "  alone brings you back if this machine is lost.\n"));
	free(key);
}

void errors_print(const struct failure *failure, enum errors_style style)
{
	if (style == ERRORS_JSON)
		json_print(failure);
	else
		human_print(failure);
}
