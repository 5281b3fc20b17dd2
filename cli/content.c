#include "content.h"
#include "../proto/text.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

/* How many octets of `line` stand in its next piece: no more than `room`, no character torn. */
static size_t piece_len(const char *line, size_t len, size_t room)
{
	if (len <= room)
		return len;
	while (room > 0 && ((unsigned char)line[room] & 0xc0) == 0x80)
		room--;
	return room;
}

static void folded_write(FILE *out, const char *line, size_t len)
{
	size_t room = CONTENT_OCTETS_MAX;
	for (;;) {
		size_t piece = piece_len(line, len, room);
		fwrite(line, 1, piece, out);
		fputs("\r\n", out);
		line += piece;
		len -= piece;
		if (len == 0)
			return;
		fputc(' ', out);
		room = CONTENT_OCTETS_MAX - 1;
	}
}

/* `text` with CR LF and CR as LF, and without what must not be shown; the caller frees it. */
static char *text_clean(const char *text)
{
	size_t len = strlen(text);
	char *lines = memory_check(malloc(len + 1));
	uint8_t *clean = memory_check(malloc(3 * len + 1));
	size_t to = 0;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r')
			lines[to++] = text[i];
		else if (text[i + 1] != '\n')
			lines[to++] = '\n';
	tuy_text_scrub((struct tuy_bytes){ (uint8_t *)lines, to }, TUY_TEXT_LINES, clean, 3 * len,
	               &to);
	clean[to] = '\0';
	free(lines);
	return (char *)clean;
}

static void escaped_put(FILE *out, const char *text)
{
	char *clean = text_clean(text);
	for (const char *p = clean; *p != '\0'; p++) {
		if (*p == '\\' || *p == ';' || *p == ',')
			fputc('\\', out);
		if (*p == '\n')
			fputs("\\n", out);
		else
			fputc(*p, out);
	}
	free(clean);
}

void content_line(FILE *out, const char *name, const char *value)
{
	char *line;
	int len = asprintf(&line, "%s:%s", name, value);
	memory_check(len < 0 ? NULL : line);
	folded_write(out, line, (size_t)len);
	free(line);
}

void content_texts(FILE *out, const char *name, const char *const *texts, size_t count)
{
	char *value = NULL;
	size_t size = 0;
	FILE *escaped = memory_check(open_memstream(&value, &size));
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			fputc(';', escaped);
		if (texts[i])
			escaped_put(escaped, texts[i]);
	}
	if (fclose(escaped) != 0)
		memory_check(NULL);
	content_line(out, name, value);
	free(value);
}

void content_text(FILE *out, const char *name, const char *text)
{
	if (*text != '\0')
		content_texts(out, name, &text, 1);
}
