#include "synonyms.h"
#include "log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What professional circles say in two ways, or in French and in English. */
static const char builtin[] = "dsi|cio|directeur informatique|it director\n"
			      "daf|cfo|directeur financier|directrice financiere|finance director\n"
			      "rssi|ciso\n"
			      "drh|hr director|directeur ressources humaines\n"
			      "appel offre|tender|rfp\n"
			      "achat|acheteur|procurement|purchasing|buyer\n"
			      "paie|payroll\n"
			      "distributeur|distributor\n"
			      "formateur|trainer\n"
			      "logiciel|software\n"
			      "entrepot|warehouse\n"
			      "assurance|insurance\n"
			      "recrutement|recruitment|hiring\n"
			      "comptable|accountant\n"
			      "agencement|fit-out\n"
			      "credit-bail|leasing\n"
			      "saint|st|sainte|ste\n";

struct synonyms {
	const char *path;      /* NULL: the built-in groups only */
	struct timespec mtime; /* of the file that was read; zeros: there was none */
	off_t size;
	uint32_t count;
	struct synonym all[SYNONYMS_MAX];
};

/* The words of one way to say it. False: none, or too many. */
static bool phrase_read(struct tuy_bytes text, struct synonym *phrase)
{
	struct tuy_query query;
	if (tuy_query_parse(&query, TUY_QUERY_WATCH, text) != TUY_OK ||
	    query.step_count > SYNONYM_WORDS_MAX)
		return false;
	phrase->word_count = query.step_count;
	for (uint32_t i = query.word_count; i-- > 0;) { /* the first spelling of each stays */
		const struct tuy_query_word *word = &query.words[i];
		if (word->to != word->from + 1)
			continue;
		phrase->word[word->from].len = word->stem_len;
		memcpy(phrase->word[word->from].text, word->text, word->stem_len);
	}
	return true;
}

/* One line. How many phrases of it were left out. */
static uint32_t group_read(struct synonyms *synonyms, struct tuy_bytes line, uint32_t group)
{
	uint32_t left_out = 0;
	while (line.len > 0) {
		const uint8_t *bar = memchr(line.p, '|', line.len);
		struct tuy_bytes text = { line.p, bar ? (size_t)(bar - line.p) : line.len };
		line.p += text.len + (bar ? 1 : 0);
		line.len -= text.len + (bar ? 1 : 0);
		if (synonyms->count < SYNONYMS_MAX &&
		    phrase_read(text, &synonyms->all[synonyms->count]))
			synonyms->all[synonyms->count++].group = group;
		else
			left_out++;
	}
	return left_out;
}

static void text_read(struct synonyms *synonyms, struct tuy_bytes text)
{
	uint32_t left_out = 0;
	synonyms->count = 0;
	for (uint32_t group = 0; text.len > 0; group++) {
		const uint8_t *feed = memchr(text.p, '\n', text.len);
		struct tuy_bytes line = { text.p, feed ? (size_t)(feed - text.p) : text.len };
		text.p += line.len + (feed ? 1 : 0);
		text.len -= line.len + (feed ? 1 : 0);
		while (line.len > 0 && line.p[line.len - 1] <= ' ')
			line.len--;
		if (line.len > 0 && line.p[0] != '#')
			left_out += group_read(synonyms, line, group);
	}
	if (left_out > 0)
		log_line(LOG_UNUSUAL, "synonyms", "what=left_out count=%u", left_out);
}

/* The whole file; NULL: it cannot be read. The caller frees it. */
static uint8_t *file_read(const char *path, size_t *len)
{
	FILE *file = fopen(path, "re");
	uint8_t *text = file ? malloc(SYNONYMS_FILE_MAX + 1) : NULL;
	if (text)
		*len = fread(text, 1, SYNONYMS_FILE_MAX + 1, file);
	bool bad = !text || ferror(file) || *len > SYNONYMS_FILE_MAX;
	if (file)
		(void)fclose(file);
	if (!bad)
		return text;
	free(text);
	return NULL;
}

static void builtin_use(struct synonyms *synonyms)
{
	synonyms->mtime = (struct timespec){ 0 };
	synonyms->size = 0;
	text_read(synonyms, tuy_text_bytes(builtin));
}

void synonyms_fresh(struct synonyms *synonyms)
{
	struct stat st;
	size_t len;
	if (!synonyms->path)
		return;
	if (stat(synonyms->path, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (synonyms->mtime.tv_sec != 0)
			builtin_use(synonyms);
		return;
	}
	if (st.st_mtim.tv_sec == synonyms->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == synonyms->mtime.tv_nsec && st.st_size == synonyms->size)
		return;
	synonyms->mtime = st.st_mtim;
	synonyms->size = st.st_size;
	uint8_t *text = file_read(synonyms->path, &len);
	if (text)
		text_read(synonyms, (struct tuy_bytes){ text, len });
	else
		log_line(LOG_UNUSUAL, "synonyms", "what=unreadable path=\"%s\"", synonyms->path);
	free(text);
}

struct synonyms *synonyms_create(const char *path)
{
	struct synonyms *synonyms = calloc(1, sizeof *synonyms);
	if (!synonyms)
		return NULL;
	builtin_use(synonyms);
	synonyms->path = path;
	synonyms_fresh(synonyms);
	return synonyms;
}

void synonyms_destroy(struct synonyms *synonyms)
{
	free(synonyms);
}

uint32_t synonyms_count(const struct synonyms *synonyms)
{
	return synonyms->count;
}

const struct synonym *synonyms_at(const struct synonyms *synonyms, uint32_t index)
{
	return &synonyms->all[index];
}
