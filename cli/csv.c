#include "csv.h"
#include "show.h"
#include <stdlib.h>
#include <string.h>

static void cell_put(FILE *out, const char *text)
{
	/* as it comes: cleaning turns a CR into something else, and a formula stays one */
	const char *guard = *text != '\0' && strchr("=+-@\t\r\n", *text) ? "'" : "";
	char *clean = show_clean_lines(text);
	bool quoted = strpbrk(clean, ",\"\n") != NULL;
	if (quoted)
		fputc('"', out);
	fputs(guard, out);
	for (const char *p = clean; *p != '\0'; p++) {
		if (*p == '"')
			fputc('"', out);
		fputc(*p, out);
	}
	if (quoted)
		fputc('"', out);
	free(clean);
}

void csv_row(FILE *out, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			fputc(',', out);
		cell_put(out, cells[i] ? cells[i] : "");
	}
	fputs("\r\n", out);
}
