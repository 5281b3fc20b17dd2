#include "hook_json.h"
#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a pair stands, as far as that decides whether it is left out. */
enum place { PLACE_EVENT, PLACE_OBJECT, PLACE_PRIVATE, PLACE_AWARD, PLACE_OTHER };

struct writing {
	FILE *file;
	enum hook_sealed sealed;
};

static bool is_key(const msgpack_object *key, const char *name)
{
	return key->type == MSGPACK_OBJECT_STR && key->via.str.size == strlen(name) &&
	       memcmp(key->via.str.ptr, name, key->via.str.size) == 0;
}

static bool is_one_of(const msgpack_object *key, const char *const *names)
{
	while (*names && !is_key(key, *names))
		names++;
	return *names != NULL;
}

static bool is_left_out(const struct writing *w, enum place place, const msgpack_object *key)
{
	static const char *const of_object[] = { "sealed",      "outcome", "claimants",
		                                 "answers",     "thanks",  "passed_by",
		                                 "why_private", "to",      NULL };
	static const char *const of_private[] = { "schema",  "id",   "short",   "kind",    "ask",
		                                  "circle",  "from", "mine",    "created", "state",
		                                  "expires", "next", "private", NULL };
	static const char *const of_award[] = { "step", "step_at", NULL };
	if (w->sealed == HOOK_WITH_SEALED)
		return false;
	if (place == PLACE_PRIVATE)
		return !is_one_of(key, of_private);
	return (place == PLACE_OBJECT && is_one_of(key, of_object)) ||
	       (place == PLACE_AWARD && is_one_of(key, of_award));
}

/* The state that everybody sees. */
static const char *open_state(const msgpack_object *state)
{
	static const char *const awarded[] = { "contacted", "meeting", "quoted", NULL };
	static const char *const closed[] = { "won", "lost", "no-answer", "not-a-fit", NULL };
	if (is_one_of(state, awarded))
		return "awarded";
	return is_one_of(state, closed) ? "closed" : NULL;
}

static enum place place_of(enum place outer, const msgpack_object *key)
{
	if (is_key(key, "object") || is_key(key, "objects"))
		return PLACE_OBJECT;
	return outer == PLACE_OBJECT && is_key(key, "award") ? PLACE_AWARD : PLACE_OTHER;
}

static void text_write(FILE *file, const char *p, size_t len)
{
	fputc('"', file);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(file, "\\u%04x", (unsigned int)c);
		else
			fputc(c, file);
	}
	fputc('"', file);
}

static void value_write(const struct writing *w, enum place place, const msgpack_object *value);

static void pair_write(const struct writing *w, enum place place, const msgpack_object_kv *pair)
{
	const char *state = place == PLACE_OBJECT && w->sealed == HOOK_WITHOUT_SEALED &&
	                                    is_key(&pair->key, "state")
	                            ? open_state(&pair->val)
	                            : NULL;
	value_write(w, PLACE_OTHER, &pair->key);
	fputc(':', w->file);
	if (state)
		text_write(w->file, state, strlen(state));
	else
		value_write(w, place_of(place, &pair->key), &pair->val);
}

static bool is_private(const msgpack_object_map *map)
{
	for (uint32_t i = 0; i < map->size; i++)
		if (is_key(&map->ptr[i].key, "private"))
			return true;
	return false;
}

static void map_write(const struct writing *w, enum place place, const msgpack_object_map *map)
{
	bool first = true;
	if (place == PLACE_OBJECT && is_private(map))
		place = PLACE_PRIVATE;
	fputc('{', w->file);
	for (uint32_t i = 0; i < map->size; i++) {
		if (is_left_out(w, place, &map->ptr[i].key))
			continue;
		if (!first)
			fputc(',', w->file);
		first = false;
		pair_write(w, place, &map->ptr[i]);
	}
	fputc('}', w->file);
}

static void array_write(const struct writing *w, enum place place,
                        const msgpack_object_array *array)
{
	fputc('[', w->file);
	for (uint32_t i = 0; i < array->size; i++) {
		if (i > 0)
			fputc(',', w->file);
		value_write(w, place, &array->ptr[i]);
	}
	fputc(']', w->file);
}

static void value_write(const struct writing *w, enum place place, const msgpack_object *value)
{
	switch ((int)value->type) {
	case MSGPACK_OBJECT_BOOLEAN:
		fputs(value->via.boolean ? "true" : "false", w->file);
		break;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		fprintf(w->file, "%" PRIu64, value->via.u64);
		break;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		fprintf(w->file, "%" PRId64, value->via.i64);
		break;
	case MSGPACK_OBJECT_STR:
		text_write(w->file, value->via.str.ptr, value->via.str.size);
		break;
	case MSGPACK_OBJECT_ARRAY:
		array_write(w, place, &value->via.array);
		break;
	case MSGPACK_OBJECT_MAP:
		map_write(w, place, &value->via.map);
		break;
	default:
		fputs("null", w->file);
		break;
	}
}

char *hook_json(struct tuy_bytes packed, enum hook_sealed sealed, size_t *len)
{
	struct writing w = { .sealed = sealed };
	char *text = NULL;
	msgpack_unpacked unpacked;
	msgpack_unpacked_init(&unpacked);
	if (msgpack_unpack_next(&unpacked, (const char *)packed.p, packed.len, NULL) ==
	    MSGPACK_UNPACK_SUCCESS)
		w.file = open_memstream(&text, len);
	if (w.file) {
		value_write(&w, PLACE_EVENT, &unpacked.data);
		fputc('\n', w.file);
		bool bad = ferror(w.file) != 0;
		if (fclose(w.file) != 0 || bad) {
			free(text);
			text = NULL;
		}
	}
	msgpack_unpacked_destroy(&unpacked);
	return text;
}
