#include "lang.h"
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOMAIN    "tuyau"
#define CATALOGUE "%s/fr/LC_MESSAGES/" DOMAIN ".mo"

/* Set before other threads begin. */
static enum lang start = LANG_EN;
/* The C library looks at LANGUAGE in any locale but "C", and this one is always there. It is used
 * for the moment of a translation only: strerror in a log stays English. */
static locale_t locale;
static char list[128];

/* What often stands in our messages. */
__attribute__((unused)) static const char *const errno_texts[] = {
	N_("Address already in use"),
	N_("Argument list too long"),
	N_("Bad file descriptor"),
	N_("Broken pipe"),
	N_("Cannot allocate memory"),
	N_("Cannot assign requested address"),
	N_("Connection refused"),
	N_("Connection reset by peer"),
	N_("Device or resource busy"),
	N_("Disk quota exceeded"),
	N_("Exec format error"),
	N_("File exists"),
	N_("File name too long"),
	N_("File too large"),
	N_("Input/output error"),
	N_("Invalid argument"),
	N_("Is a directory"),
	N_("No space left on device"),
	N_("No such device or address"),
	N_("No such file or directory"),
	N_("Not a directory"),
	N_("Operation not permitted"),
	N_("Permission denied"),
	N_("Read-only file system"),
	N_("Resource temporarily unavailable"),
	N_("Too many levels of symbolic links"),
	N_("Too many open files"),
};

/* The value of the first of these variables that is set and not empty; "" else. */
static const char *variable(const char *const *names)
{
	for (; *names; names++) {
		const char *value = getenv(*names);
		if (value && *value != '\0')
			return value;
	}
	return "";
}

/* Whether an element of LANGUAGE or the name of a locale is of that language: "fr", "fr_CA",
 * "fr.UTF-8". */
static int is_of(const char *element, size_t len, const char *name)
{
	size_t name_len = strlen(name);
	return len >= name_len && memcmp(element, name, name_len) == 0 &&
	       (len == name_len || strchr("_.@", element[name_len]));
}

enum lang lang_wanted(void)
{
	static const char *const locales[] = { "LC_ALL", "LC_MESSAGES", "LANG", NULL };
	static const char *const lists[] = { "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", NULL };
	const char *name = variable(locales);
	if (*name == '\0' || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
		return LANG_EN;
	for (const char *at = variable(lists); *at != '\0';) {
		size_t len = strcspn(at, ":");
		if (is_of(at, len, "fr"))
			return LANG_FR;
		if (is_of(at, len, "en") || is_of(at, len, "C"))
			return LANG_EN;
		at += len + (at[len] == ':');
	}
	return LANG_EN;
}

static int catalogue_is(const char *dir)
{
	char path[PATH_MAX + 64];
	snprintf(path, sizeof path, CATALOGUE, dir);
	return access(path, R_OK) == 0;
}

/* The directory of the catalogues; it may be missing. */
static void directory_find(char dir[PATH_MAX])
{
	char program[PATH_MAX - 32];
	ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
	program[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(program, '/');
	if (slash) {
		*slash = '\0';
		snprintf(dir, PATH_MAX, "%s/locale", program);
		if (catalogue_is(dir))
			return;
		snprintf(dir, PATH_MAX, "%s/../share/locale", program);
		if (catalogue_is(dir))
			return;
	}
	snprintf(dir, PATH_MAX, "%s", TUY_LOCALE_DIR);
}

void lang_begin(void)
{
	char dir[PATH_MAX];
	directory_find(dir);
	bindtextdomain(DOMAIN, dir);
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	textdomain(DOMAIN);
	locale = newlocale(LC_MESSAGES_MASK, "C.UTF-8", (locale_t)0);
	start = lang_wanted();
	const char *language = getenv("LANGUAGE");
	snprintf(list, sizeof list, "%s", language ? language : "");
	if (start != LANG_EN)
		setenv("LANGUAGE", lang_name(start), 1);
}

void lang_serve(void)
{
	setenv("LANGUAGE", lang_name(LANG_FR), 1);
}

const char *lang_list(void)
{
	return list;
}

enum lang lang_start(void)
{
	return start;
}

const char *lang_name(enum lang lang)
{
	return lang == LANG_FR ? "fr" : "en";
}

enum lang lang_named(const char *name, size_t len)
{
	return len == 2 && memcmp(name, "fr", 2) == 0 ? LANG_FR : LANG_EN;
}

const char *lang_text(enum lang lang, const char *text)
{
	if (lang == LANG_EN || locale == (locale_t)0 || *text == '\0')
		return text;
	locale_t before = uselocale(locale);
	const char *translated = dgettext(DOMAIN, text);
	uselocale(before);
	return translated;
}

const char *lang_errno(enum lang lang, int error)
{
	const char *text = strerrordesc_np(error);
	return lang_text(lang, text ? text : N_("unknown error"));
}
