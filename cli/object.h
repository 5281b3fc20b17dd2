/*
 * Tips and asks in words: what the screens of inbox, search, show, tip and ask say about an object
 * (product.md 2.5). Results are not cleaned: they go through show_*.
 *
 * Thread rule: the program has one thread.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "doc.h"
#include "show.h"

#define OBJECT_WARMTH_NONE (-1)

/* "Wi-Fi for 3 warehouses · Laiterie du Val d'Oust", "intro: purchasing at ... · Verrerie"; the
 * caller frees it. `room`: columns there are (0: no end); what is said is cut first, so that a
 * piece of the company stays. */
char *object_what(const json_t *object, size_t room);

/* On a screen "●●●○○" (0: "lead"), in a pipe "3"; empty if it is not given. Static. */
const char *object_warmth(const json_t *object, const struct show_term *term);
/* "I spoke for you" for 3; empty if it is not given. Static. */
const char *object_warmth_means(const json_t *object);

/* What all members see of it: "title, company, role"; the caller frees it. */
char *object_sees(const json_t *object);

/* The items of a list of texts, with ", " between them; the caller frees it. */
char *object_list(const json_t *object, const char *key);

/* Whether `verb` is among what can be done about it next. */
bool object_has_next(const json_t *object, const char *verb);

/* The company's name or "". */
const char *object_company(const json_t *object);

#endif
