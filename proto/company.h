/*
 * When two spellings are one company: the key that is made of a name without its legal form, case,
 * accents, and what people leave out or write otherwise ("Éts", "&", "St").
 */
#ifndef TUY_COMPANY_H
#define TUY_COMPANY_H

#include "types.h"

#define TUY_COMPANY_KEY_MAX 512

/* The key of a name into `key`; its length, 0 if nothing is left. What does not fit is cut off. */
size_t tuy_company_key(struct tuy_bytes name, uint8_t key[TUY_COMPANY_KEY_MAX]);
/* Whether a folded word is a legal form ("sarl", "gmbh"). */
bool tuy_company_is_form(struct tuy_bytes word);

#endif
