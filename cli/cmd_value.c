/* value: what the circle brought. digest: what came lately, as a text. */
#include "commands.h"
#include "memory.h"
#include "object.h"
#include "times.h"
#include "words.h"
#include "../proto/text.h"
#include <stdlib.h>
#include <string.h>

#define DIGEST_SINCE "1d"
#define DIGEST_LIMIT 1000
#define DIGEST_FRONT 320 /* of an inbox: what is for me and the moves stand there */
#define WHAT_COLUMNS 100 /* of a line of a digest: a mail has no width */
#define DAY_S        86400
#define HOUR_S       3600
#define MINUTE_S     60
#define COUNT_MAX    9999 /* of a filter's number */

static const struct option_rule value_rules[] = {
	{ 0, "since", "SPAN", NULL, OPTION_TEXT, "how far back, 90d unless said" },
};

static const struct option_rule digest_rules[] = {
	{ 0, "since", "SPAN", NULL, OPTION_TEXT, "how far back, 1d unless said" },
	{ 0, "mail", NULL, NULL, OPTION_FLAG, "as a mail for sendmail; nothing if nothing came" },
};

/* --since in seconds, or `usual`. 0, or -1: session->failure. */
static int since_read(struct session *session, const char *usual, int64_t *since_s)
{
	const char *text = options_value(&session->options, "since");
	*since_s = times_span_parse(text ? text : usual);
	if (*since_s > 0 && *since_s <= INT32_MAX)
		return 0;
	return session_usage_error(session, "\"--since %s\": 90d, 12h or 2w.", text);
}

/* ---- value ---- */

/* In so many columns, to the right or (negative) to the left. */
static void cell_print(const char *text, int columns)
{
	int used = (int)tuy_text_columns(tuy_text_bytes(text));
	int width = columns < 0 ? -columns : columns;
	int pad = used < width ? width - used : 0;
	printf("%*s%s%*s", columns < 0 ? 0 : pad, "", text, columns < 0 ? pad : 0, "");
}

/* "8000 EUR, 2 x 5-20k EUR": only the two of each tip know it. */
static void amounts_print(const json_t *side, const char *name)
{
	const json_t *amounts = json_object_get(side, "amounts");
	for (size_t i = 0; i < json_array_size(amounts); i++) {
		json_t *amount = json_array_get(amounts, i);
		char *currency = show_clean(doc_text(amount, "currency"));
		const char *blank = *currency != '\0' ? " " : "";
		const char *comma = "";
		const char *band;
		json_t *count;
		cell_print(name, -14);
		putchar(' ');
		if (doc_number(amount, "tips", 0) > 0) {
			printf("%s%s%s", doc_text(amount, "sum"), blank, currency);
			comma = ", ";
		}
		json_object_foreach(json_object_get(amount, "bands"), band, count)
		{
			printf("%s%lld x %s%s%s", comma, (long long)json_integer_value(count), band,
			       blank, currency);
			comma = ", ";
		}
		putchar('\n');
		free(currency);
	}
}

static void contact_print(const json_t *value)
{
	long long s = doc_number(value, "first_contact_s", -1);
	if (s < 0)
		return;
	if (s < 2 * HOUR_S)
		printf(_("first contact after %lld min (median)\n"), (s + MINUTE_S - 1) / MINUTE_S);
	else
		printf(_("first contact after %lld h (median)\n"), s / HOUR_S);
}

static void value_print(const json_t *value)
{
	const json_t *given = json_object_get(value, "given");
	const json_t *received = json_object_get(value, "received");
	const json_t *asks = json_object_get(value, "asks");
	static const struct {
		const char *key;
		const char *shown;
	} lines[] = {
		{ "tips", N_("tips") }, { "open", N_("still open") },
		{ "met", N_("met") },   { "won", N_("won") },
		{ "lost", N_("lost") }, { "given_back", N_("given back") },
	};
	cell_print("", -14);
	cell_print(_("given"), 9);
	cell_print(_("received"), 11);
	fputc('\n', stdout);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		cell_print(_(lines[i].shown), -14);
		printf(" %8lld %10lld\n", doc_number(given, lines[i].key, 0),
		       doc_number(received, lines[i].key, 0));
	}
	printf(_("asks solved    %lld of %lld, %lld open\n"), doc_number(asks, "solved", 0),
	       doc_number(asks, "asked", 0), doc_number(asks, "open", 0));
	amounts_print(given, _("brought them"));
	amounts_print(received, _("brought you"));
	contact_print(value);
	puts(_("Only you see this."));
}

static int value_run(struct session *session)
{
	int64_t since_s;
	json_t *params = session_params(session);
	if (!params || since_read(session, "90d", &since_s) != 0) {
		json_decref(params);
		return -1;
	}
	json_object_set_new(params, "since_s", json_integer(since_s));
	json_t *value = session_call(session, "value", params, CLIENT_READS);
	if (!value)
		return -1;
	if (!session_document_print(session, value, "since"))
		value_print(value);
	json_decref(value);
	return 0;
}

/* ---- digest ---- */

enum part { FOR_YOU, MOVES, ASKS, TIPS, PARTS };

static const struct {
	const char *name; /* of OBJECT's part */
	const char *key;
	const char *title;
} parts[PARTS] = {
	[FOR_YOU] = { "for-you", "for_you", N_("FOR YOU") },
	[MOVES] = { "moves", "moves", N_("YOUR MOVES") },
	[ASKS] = { "asks", "asks", N_("ASKS") },
	[TIPS] = { "tips", "tips", N_("TIPS") },
};

enum taken { TAKE_MOVES, TAKE_OTHERS };

/* Adds these objects of an inbox to the arrays of the digest. */
static void digest_take(json_t *digest, const json_t *inbox, enum taken taken)
{
	const json_t *objects = json_object_get(inbox, "objects");
	for (size_t i = 0; i < json_array_size(objects); i++) {
		json_t *object = json_array_get(objects, i);
		for (enum part part = 0; part < PARTS; part++) {
			if (strcmp(doc_text(object, "part"), parts[part].name) == 0 &&
			    (part == MOVES) == (taken == TAKE_MOVES))
				json_array_append(json_object_get(digest, parts[part].key), object);
		}
	}
}

/* An inbox, of what is not older than so long; 0: of all. NULL: session->failure. */
static json_t *inbox_ask(struct session *session, int64_t since_s)
{
	char query[40];
	json_t *params = session_params(session);
	if (!params)
		return NULL;
	if (since_s > 0) {
		int64_t unit = MINUTE_S;
		if (since_s % DAY_S == 0 || since_s > COUNT_MAX * (int64_t)HOUR_S)
			unit = DAY_S;
		else if (since_s > COUNT_MAX * (int64_t)MINUTE_S)
			unit = HOUR_S;
		snprintf(query, sizeof(query), "age:<=%lld%c",
		         (long long)((since_s + unit - 1) / unit),
		         unit == DAY_S    ? 'd'
		         : unit == HOUR_S ? 'h'
		                          : 'm');
		json_object_set_new(params, "query", json_string(query));
	}
	json_object_set_new(params, "limit",
	                    json_integer(since_s > 0 ? DIGEST_LIMIT : DIGEST_FRONT));
	return session_call(session, "inbox", params, CLIENT_READS);
}

static json_t *digest_make(struct session *session, int64_t since_s)
{
	char since[32];
	struct tm tm;
	time_t from = session->now - (time_t)since_s;
	json_t *now = inbox_ask(session, 0);
	json_t *lately = now ? inbox_ask(session, since_s) : NULL;
	json_t *digest = NULL;
	if (lately && gmtime_r(&from, &tm) && strftime(since, sizeof(since), "%FT%TZ", &tm) > 0) {
		digest = json_object();
		json_object_set_new(digest, "schema", json_integer(1));
		json_object_set_new(digest, "since", json_string(since));
		for (enum part part = 0; part < PARTS; part++)
			json_object_set_new(digest, parts[part].key, json_array());
		digest_take(digest, lately, TAKE_OTHERS);
		digest_take(digest, now, TAKE_MOVES);
	}
	json_decref(now);
	json_decref(lately);
	return digest;
}

static size_t part_count(const json_t *digest, enum part part)
{
	return json_array_size(json_object_get(digest, parts[part].key));
}

/* "2 for you, 1 ask, 3 other tips" */
static void counts_print(const json_t *digest)
{
	size_t asks = part_count(digest, ASKS);
	size_t tips = part_count(digest, TIPS);
	printf(_("%zu for you, "), part_count(digest, FOR_YOU));
	printf(ngettext("%zu ask, ", "%zu asks, ", asks), asks);
	printf(ngettext("%zu other tip", "%zu other tips", tips), tips);
}

static void object_line_print(const json_t *object)
{
	char *what = object_what(object, WHAT_COLUMNS);
	char *shown = show_clean(what);
	char *from = show_clean(doc_text(object, "from"));
	char *matched = object_list(object, "matched");
	char *reason = show_clean(matched);
	size_t len = tuy_text_cut_columns(tuy_text_bytes(shown), WHAT_COLUMNS);
	printf("  %s  %s%s%.*s%s", doc_text(object, "short"),
	       doc_true(object, "mine") ? _("you") : from, _(": "), (int)len, shown,
	       shown[len] != '\0' ? "…" : "");
	if (*reason != '\0')
		printf("  (%s)", reason);
	fputc('\n', stdout);
	free(reason);
	free(matched);
	free(from);
	free(shown);
	free(what);
}

static void digest_print(const json_t *digest)
{
	struct times_text at = times_moment(doc_text(digest, "since"));
	printf(_("Since %s: "), at.text);
	counts_print(digest);
	fputs(".\n", stdout);
	for (enum part part = 0; part < PARTS; part++) {
		const json_t *objects = json_object_get(digest, parts[part].key);
		if (json_array_size(objects) > 0)
			printf("\n%s\n", _(parts[part].title));
		for (size_t i = 0; i < json_array_size(objects); i++)
			object_line_print(json_array_get(objects, i));
	}
}

static void mail_print(const json_t *digest)
{
	size_t count = 0;
	for (enum part part = 0; part < PARTS; part++)
		count += part_count(digest, part);
	if (count == 0)
		return;
	fputs("Subject: Tuyau: ", stdout);
	counts_print(digest);
	fputs("\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
	      "Content-Transfer-Encoding: 8bit\n\n",
	      stdout);
	digest_print(digest);
}

/* Ids, for -q. */
static void ids_print(const json_t *digest)
{
	for (enum part part = 0; part < PARTS; part++) {
		const json_t *objects = json_object_get(digest, parts[part].key);
		for (size_t i = 0; i < json_array_size(objects); i++)
			printf("%s\n", doc_text(json_array_get(objects, i), "id"));
	}
}

static int digest_run(struct session *session)
{
	const struct options *options = &session->options;
	int64_t since_s;
	if (since_read(session, DIGEST_SINCE, &since_s) != 0)
		return -1;
	json_t *digest = digest_make(session, since_s);
	if (!digest)
		return -1;
	if (options->quiet && !options->json)
		ids_print(digest);
	else if (session_document_print(session, digest, "since"))
		;
	else if (options_value(options, "mail"))
		mail_print(digest);
	else
		digest_print(digest);
	json_decref(digest);
	return 0;
}

const struct command cmd_value = {
	.name = "value",
	.alias = "bilan",
	.usage = "value [--since 90d]",
	.summary = "what the circle brought, as far as it is known here",
	.examples = "  tuyau value\n"
		    "  tuyau value --since 30d --json\n",
	.rules = value_rules,
	.rule_count = sizeof(value_rules) / sizeof(value_rules[0]),
	.words = COMMAND_NO_WORDS,
	.run = value_run,
};

const struct command cmd_digest = {
	.name = "digest",
	.alias = "résumé",
	.usage = "digest [--since 1d] [--mail]",
	.summary = "what came lately, as a text",
	.examples = "  tuyau digest --since 1w\n"
		    "  (echo \"To: me\"; tuyau digest --mail) | sendmail -t     # from cron\n",
	.rules = digest_rules,
	.rule_count = sizeof(digest_rules) / sizeof(digest_rules[0]),
	.words = COMMAND_NO_WORDS,
	.run = digest_run,
};
