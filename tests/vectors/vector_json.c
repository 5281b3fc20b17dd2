#include "vector_json.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void vector_wrong(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	exit(1);
}

void input_fill(void *out, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)(first + i);
}

json_t *hex(const void *p, size_t len)
{
	static char text[2 * 8192 + 1];
	check(len <= 8192);
	sodium_bin2hex(text, sizeof text, p, len);
	return json_string(text);
}

void put(json_t *object, const char *name, json_t *value)
{
	check(json_object_set_new(object, name, value) == 0);
}

void add(json_t *array, json_t *value)
{
	check(json_array_append_new(array, value) == 0);
}

void put_int(json_t *object, const char *name, uint64_t value)
{
	put(object, name, json_integer((json_int_t)value));
}
