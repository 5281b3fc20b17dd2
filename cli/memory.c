#include "memory.h"
#include "words.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *memory_check(void *memory)
{
	if (!memory) {
		fputs(_("T-MEMORY This machine has no memory left.\n"
		        "  Close other programs, then try again.\n"),
		      stderr);
		exit(EXIT_FAILURE);
	}
	return memory;
}

char *memory_text(const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return memory_check(text);
}
