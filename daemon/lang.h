/*
 * The language of what people read. The source is English; contrib/po has the others, French for
 * now. A program speaks the language of who started it, and tuyaud answers each client in the
 * client's. Used by tuyau as well.
 *
 * Never translated: error codes, JSON keys, states, event names, log lines, and what circulates.
 *
 * Thread rule: lang_begin and lang_serve before other threads begin; the others any thread.
 */
#ifndef LANG_H
#define LANG_H

#include <stddef.h>

/* Marks a text for translation where it cannot be translated yet: in a table, in a macro. */
#define N_(text) text

enum lang { LANG_EN, LANG_FR };

/* The language that the environment asks for: LC_ALL, LC_MESSAGES, LANG say whether any, and
 * LANGUAGE, a list as of gettext, goes before them. One that we do not have is English. */
enum lang lang_wanted(void);

/*
 * Finds the catalogues: beside the program in a build tree, else where they are installed with it.
 * From now on lang_start is the language of the environment. The language need not be generated on
 * this machine (Debian: locale-gen). If no catalogue is found everything is in English.
 */
void lang_begin(void);
/* From now on lang_text gives every language: for a program that answers others than who started
 * it. LANGUAGE is set in the environment from then on; lang_list has it as it was. */
void lang_serve(void);
/* LANGUAGE as whoever started the program had it, for other programs; "" if it was not set. */
const char *lang_list(void);
/* The language of who started the program; LANG_EN before lang_begin. */
enum lang lang_start(void);

/* "en", "fr". */
const char *lang_name(enum lang lang);
/* LANG_EN for a name we do not have. */
enum lang lang_named(const char *name, size_t len);

/* `text`, a literal of the source (a printf format too), in a language. Static storage; `text`
 * itself if there is no translation. */
const char *lang_text(enum lang lang, const char *text) __attribute__((format_arg(2)));
/* What errno says, by the catalogue: the C library's own may not be installed. */
const char *lang_errno(enum lang lang, int error);

#endif
