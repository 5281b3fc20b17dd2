#include "watch.h"
#include "log.h"
#include "../proto/hash.h"
#include <stdlib.h>
#include <string.h>

#define VERSION   2
#define HEAD_SIZE 51 /* before the query */

static int query_read(struct watch *watch, struct rpc_fault *fault)
{
	struct tuy_bytes query = { watch->query, watch->query_len };
	if (find_parse(query, &watch->find, fault) != 0)
		return -1;
	return watch_query_read(&watch->find, &watch->words, &watch->has_words, fault);
}

int watch_query_read(const struct find *find, struct tuy_query *words, bool *has_words,
                     struct rpc_fault *fault)
{
	if (find->due_s.given)
		return rpc_fault_set(fault, "T-USAGE", "tuyau inbox 'due:<2d'",
		                     "A watch looks at what comes: nothing of it is due yet.");
	if (!find_is_about(find))
		return rpc_fault_set(fault, "T-USAGE", "tuyau watch add wifi -tag:it",
		                     "Say what to look for.");
	*has_words = find->words_len > 0;
	if (!*has_words)
		return 0;
	enum tuy_err err = tuy_query_parse(words, TUY_QUERY_WATCH, find_words(find));
	if (err == TUY_E_LIMIT)
		return rpc_fault_set(fault, "T-USAGE", "Make several watches of it.",
		                     "At most %d words.", TUY_QUERY_STEPS_MAX);
	if (err)
		return rpc_fault_set(fault, "T-USAGE", "tuyau watch add wifi",
		                     "Give a word to look for.");
	return 0;
}

static void on_row(void *context, struct tuy_bytes key, struct tuy_bytes value)
{
	struct watches *watches = context;
	struct rpc_fault fault;
	struct watch *watch = NULL;
	if (key.len == 4 && value.len > HEAD_SIZE && value.len <= WATCH_ROW_MAX &&
	    value.p[0] == VERSION && watches->count < WATCHES_MAX)
		watch = calloc(1, sizeof *watch);
	if (!watch) {
		log_line(LOG_UNUSUAL, "watch", "what=left_out");
		return;
	}
	watch->number = tuy_get32(key.p);
	watch->notify = value.p[1] == WATCH_DIGEST ? WATCH_DIGEST : WATCH_NOW;
	watch->one_circle = value.p[2] != 0;
	memcpy(watch->circle.b, value.p + 3, sizeof watch->circle.b);
	watch->created_s = tuy_get32(value.p + 35);
	watch->last_hit_s = tuy_get32(value.p + 39);
	watch->hits = tuy_get32(value.p + 43);
	watch->muted_until_s = tuy_get32(value.p + 47);
	watch->query_len = value.len - HEAD_SIZE;
	memcpy(watch->query, value.p + HEAD_SIZE, watch->query_len);
	if (query_read(watch, &fault) != 0) {
		log_line(LOG_UNUSUAL, "watch", "what=left_out number=%u", watch->number);
		watch_free(watch);
		return;
	}
	watches->watch[watches->count++] = watch;
	watches->next_number = watch->number + 1;
}

void watches_load(struct watches *watches, struct store_reading *reading)
{
	*watches = (struct watches){ .next_number = 1 };
	if (store_own_each(reading, STORE_OWN_WATCHES, on_row, watches) != 0)
		log_line(LOG_UNUSUAL, "watch", "what=damaged");
}

void watches_clear(struct watches *watches)
{
	while (watches->count > 0)
		watch_free(watches->watch[--watches->count]);
}

struct watch *watch_make(const struct watches *watches, struct tuy_bytes query,
                         struct rpc_fault *fault)
{
	if (watches->count == WATCHES_MAX) {
		rpc_fault_set(fault, "T-USAGE", "tuyau watch list, then: tuyau watch remove N",
		              "%d watches are the most.", WATCHES_MAX);
		return NULL;
	}
	for (uint32_t i = 0; i < watches->count; i++) {
		const struct watch *other = watches->watch[i];
		if (!tuy_text_equal((struct tuy_bytes){ other->query, other->query_len }, query))
			continue;
		rpc_fault_set(fault, "T-WATCH-EXISTS", "tuyau watch list",
		              "You watch for this already (%u).", other->number);
		return NULL;
	}
	struct watch *watch = calloc(1, sizeof *watch);
	if (!watch) {
		rpc_fault_set(fault, "T-MEMORY", "", "There was not enough memory.");
		return NULL;
	}
	watch->query_len = query.len < FIND_TEXT_MAX ? query.len : FIND_TEXT_MAX;
	memcpy(watch->query, query.p, watch->query_len);
	if (query_read(watch, fault) == 0)
		return watch;
	watch_free(watch);
	return NULL;
}

void watch_free(struct watch *watch)
{
	free(watch);
}

void watches_add(struct watches *watches, struct watch *watch)
{
	tuy_require(watches->count < WATCHES_MAX);
	watch->number = watches->next_number++;
	watches->watch[watches->count++] = watch;
}

struct watch *watches_get(const struct watches *watches, uint32_t number)
{
	for (uint32_t i = 0; i < watches->count; i++)
		if (watches->watch[i]->number == number)
			return watches->watch[i];
	return NULL;
}

void watches_remove(struct watches *watches, struct watch *watch)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < watches->count; i++)
		if (watches->watch[i] != watch)
			watches->watch[kept++] = watches->watch[i];
	watches->count = kept;
	watch_free(watch);
}

struct tuy_bytes watch_write(const struct watch *watch, uint8_t room[WATCH_ROW_MAX])
{
	room[0] = VERSION;
	room[1] = (uint8_t)watch->notify;
	room[2] = watch->one_circle;
	memcpy(room + 3, watch->circle.b, sizeof watch->circle.b);
	tuy_put32(room + 35, watch->created_s);
	tuy_put32(room + 39, watch->last_hit_s);
	tuy_put32(room + 43, watch->hits);
	tuy_put32(room + 47, watch->muted_until_s);
	memcpy(room + HEAD_SIZE, watch->query, watch->query_len);
	return (struct tuy_bytes){ room, HEAD_SIZE + watch->query_len };
}

bool watch_query_meets(const struct find *find, const struct tuy_query *words,
                       const struct view_object *object, uint32_t now_s,
                       const struct tuy_record *record)
{
	struct tuy_bytes texts[FIND_TEXTS_MAX];
	if (!find_row_wanted(find, object, now_s, FIND_ANY))
		return false;
	if (words) {
		size_t count = find_texts(record, FIND_WITHOUT_COMPANY, texts);
		if (!tuy_query_matches(words, texts, count))
			return false;
	}
	return find_record_wanted(find, record, FIND_WITHOUT_COMPANY);
}

bool watch_matches(const struct watch *watch, const struct view_object *object, uint32_t now_s,
                   const struct tuy_record *record)
{
	return watch->muted_until_s <= now_s &&
	       watch_query_meets(&watch->find, watch->has_words ? &watch->words : NULL, object,
	                         now_s, record);
}

struct tuy_bytes watch_label(const struct watch *watch)
{
	if (watch->has_words)
		return find_words(&watch->find);
	return (struct tuy_bytes){ watch->query, watch->query_len };
}
