/* What the methods about letters share. Thread rule: the loop thread. */
#ifndef RPC_LETTER_H
#define RPC_LETTER_H

#include "../proto/letter.h"

#define RPC_LETTER_FILE 40

/* What the file of a letter is called: "letter-5M2QJ8ZD.txt". */
void rpc_letter_file(const struct tuy_letter *letter, char out[RPC_LETTER_FILE]);

#endif
