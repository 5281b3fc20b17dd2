#include "query.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

/* How many bytes of a word stand before a value that needs quotation marks; 0: it needs none. */
static size_t name_len(const char *word)
{
	size_t begin = word[0] == '-' ? 1 : 0;
	size_t len = begin + strspn(word + begin, "abcdefghijklmnopqrstuvwxyz");
	const char *value = word + len + 1;
	if (len == begin || word[len] != ':' || *value == '"' || *value == ' ' ||
	    !strpbrk(value, " \t") || strchr(value, '"'))
		return 0;
	return len + 1;
}

char *query_join(const struct options *options, size_t first)
{
	size_t size = 1;
	for (size_t i = first; i < options->word_count; i++)
		size += strlen(options->words[i]) + 3;
	char *text = memory_check(malloc(size));
	char *end = text;
	for (size_t i = first; i < options->word_count; i++) {
		const char *word = options->words[i];
		size_t named = name_len(word);
		const char *mark = named > 0 ? "\"" : "";
		end += sprintf(end, "%s%.*s%s%s%s", i > first ? " " : "", (int)named, word, mark,
		               word + named, mark);
	}
	*end = '\0';
	return text;
}

int query_put(struct session *session, size_t first, json_t *params)
{
	json_t *string;
	if (session->options.word_count <= first)
		return 0;
	char *text = query_join(&session->options, first);
	int failed = options_string(text, "The query", &string, &session->failure);
	free(text);
	if (!failed)
		json_object_set_new(params, "query", string);
	return failed;
}
