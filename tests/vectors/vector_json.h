/*
 * What the makers of vectors write with: JSON values, bytes in hexadecimal, inputs that count up.
 * Whatever is not as it must be ends the program with exit code 1.
 */
#ifndef VECTOR_JSON_H
#define VECTOR_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define check(x) ((x) ? (void)0 : vector_wrong(#x, __FILE__, __LINE__))
_Noreturn void vector_wrong(const char *what, const char *file, int line);

/* `len` bytes that count up from `first`: the inputs. */
void input_fill(void *out, size_t len, uint8_t first);

json_t *hex(const void *p, size_t len); /* at most 8,192 bytes */
#define HEX(array) hex((array), sizeof(array))
/* These take `value` over. */
void put(json_t *object, const char *name, json_t *value);
void add(json_t *array, json_t *value);
void put_int(json_t *object, const char *name, uint64_t value);

#endif
