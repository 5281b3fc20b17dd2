#include "pages.h"

/* Hands out a page. 1: there is another one; 0: it was the last; -1: on_item ended it. */
static int page_take(const json_t *page, json_t *params, const char *key, pages_on_item *on_item,
                     void *context)
{
	const json_t *items = json_object_get(page, key);
	for (size_t i = 0; i < json_array_size(items); i++)
		if (on_item(context, json_array_get(items, i)) != 0)
			return -1;
	json_t *position = json_object_get(page, "position");
	if (!json_is_integer(position))
		return 0;
	json_object_set(params, "position", position);
	return 1;
}

int pages_each(struct session *session, const char *method, json_t *params, const char *key,
               pages_on_item *on_item, void *context)
{
	int more = 1;
	while (more == 1) {
		json_t *page = session_call(session, method, json_copy(params), CLIENT_READS);
		more = page ? page_take(page, params, key, on_item, context) : -1;
		json_decref(page);
	}
	json_decref(params);
	return more;
}

/* pages_on_item */
static int item_keep(void *context, json_t *item)
{
	return json_array_append(context, item);
}

json_t *pages_read(struct session *session, const char *method, json_t *params, const char *key)
{
	json_t *all = json_array();
	if (params && pages_each(session, method, params, key, item_keep, all) == 0)
		return all;
	json_decref(all);
	return NULL;
}
