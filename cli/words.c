#include "words.h"
#include <locale.h>

void words_begin(void)
{
	lang_begin();
	if (lang_start() != LANG_EN)
		setlocale(LC_MESSAGES, "C.UTF-8");
}

const char *words_text(const char *text)
{
	return *text == '\0' ? text : gettext(text);
}

const char *words_errno(int error)
{
	return lang_errno(lang_start(), error);
}
