/* status, stop, version: the daemon itself. */
#include "commands.h"
#include "times.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define STOP_MS 30000 /* a commit under way, a slow disk */

/* ---- status ---- */

struct size_text {
	char text[32];
};

static struct size_text size_make(long long bytes)
{
	static const char *const units[] = { N_("B"), N_("KiB"), N_("MiB"), N_("GiB"), N_("TiB") };
	struct size_text size;
	double number = (double)bytes;
	size_t unit = 0;
	while (number >= 1024 && unit < 4) {
		number /= 1024;
		unit++;
	}
	snprintf(size.text, sizeof(size.text), "%.*f %s", unit == 0 ? 0 : 1, number,
	         _(units[unit]));
	char *point = strchr(size.text, '.');
	if (point)
		*point = *_(".");
	return size;
}

static void head_print(const struct session *session, const json_t *status)
{
	char text[400];
	const json_t *store = json_object_get(status, "store");
	long long offset = doc_number(status, "clock_offset", 0);
	struct size_text size = size_make(doc_number(store, "bytes", 0));
	snprintf(text, sizeof(text), _("%s, process %lld"), doc_text(status, "version"),
	         doc_number(status, "pid", 0));
	session_line_print(session, "tuyaud", text);
	session_line_print(session, "Home", doc_text(status, "home"));
	session_line_print(session, "Listens on", doc_text(status, "listen"));
	const json_t *listens = json_object_get(status, "listens");
	for (size_t i = 1; i < json_array_size(listens); i++)
		session_line_print(session, "and on",
		                   json_string_value(json_array_get(listens, i)));
	const char *member = doc_text(status, "member");
	session_line_print(session, "Member",
	                   *member != '\0' ? member
	                                   : _("nobody yet: tuyau join CODE, or tuyau new NAME"));
	session_line_print(session, "Device", doc_text(status, "device"));
	snprintf(text, sizeof(text), _("%s, %lld entries"), size.text,
	         doc_number(store, "entries", 0));
	session_line_print(session, "Store", text);
	snprintf(text, sizeof(text), _("moved by %+lld s (--clock-offset)"), offset);
	session_line_print(session, "Clock", offset != 0 ? text : "");
	const json_t *notices = json_object_get(status, "notice");
	for (size_t i = 0; i < json_array_size(notices); i++) {
		const char *sentence = json_string_value(json_array_get(notices, i));
		session_line_print(session, "Note", sentence ? sentence : "");
	}
}

static void circles_print(const struct session *session, const json_t *circles)
{
	static const struct show_column columns[] = {
		{ "CIRCLE", SHOW_FLEX, SHOW_BOLD },     { "MEMBERS", SHOW_RIGHT, SHOW_PLAIN },
		{ "ONLINE", SHOW_RIGHT, SHOW_PLAIN },   { "ENTRIES", SHOW_RIGHT, SHOW_PLAIN },
		{ "MISSING", SHOW_RIGHT, SHOW_YELLOW }, { "DIGEST", SHOW_FIXED, SHOW_DIM },
	};
	static const char *const keys[] = { "members", "online", "entries", "missing_payloads" };
	struct show_table table = show_table_make(columns, 6);
	for (size_t i = 0; i < json_array_size(circles); i++) {
		const json_t *circle = json_array_get(circles, i);
		char numbers[4][24];
		for (size_t k = 0; k < 4; k++)
			snprintf(numbers[k], sizeof(numbers[k]), "%lld",
			         doc_number(circle, keys[k], 0));
		char digest[80];
		snprintf(digest, sizeof(digest), session->term.screen ? "%.8s" : "%.70s",
		         doc_text(circle, "digest"));
		const char *cells[] = { doc_text(circle, "name"),
			                numbers[0],
			                numbers[1],
			                numbers[2],
			                numbers[3],
			                digest };
		show_table_add(&table, cells);
	}
	if (session->term.screen && table.row_count > 0)
		fputc('\n', stdout);
	show_table_print(&table, &session->term, 2, SHOW_HEADER, stdout);
	show_table_free(&table);
}

static void peers_print(const struct session *session, const json_t *peers)
{
	static const struct show_column columns[] = {
		{ "PEER", SHOW_FLEX, SHOW_BOLD },    { "ADDRESS", SHOW_FLEX, SHOW_PLAIN },
		{ "STATE", SHOW_FIXED, SHOW_GREEN }, { "SINCE", SHOW_FIXED, SHOW_PLAIN },
		{ "RTT", SHOW_RIGHT, SHOW_PLAIN },   { "", SHOW_FIXED, SHOW_PLAIN },
	};
	struct show_table table = show_table_make(columns, 6);
	for (size_t i = 0; i < json_array_size(peers); i++) {
		const json_t *peer = json_array_get(peers, i);
		const char *name = doc_text(peer, "name");
		const char *since = doc_text(peer, "since");
		struct times_text age = times_age(since, session->now);
		const json_t *rtt = json_object_get(peer, "rtt_ms");
		char rtt_text[32] = "";
		if (json_is_number(rtt))
			snprintf(rtt_text, sizeof(rtt_text), "%.0f ms", json_number_value(rtt));
		const char *cells[] = { *name != '\0' ? name : doc_text(peer, "device"),
			                doc_text(peer, "address"),
			                doc_text(peer, "state"),
			                session->term.screen ? age.text : since,
			                rtt_text,
			                doc_true(peer, "in_sync") ? _("in sync") : "" };
		show_table_add(&table, cells);
	}
	if (session->term.screen && table.row_count > 0)
		fputc('\n', stdout);
	show_table_print(&table, &session->term, 2, SHOW_HEADER, stdout);
	show_table_free(&table);
}

static int status_run(struct session *session)
{
	json_t *status = session_call(session, "status", json_object(), CLIENT_READS);
	if (!status)
		return -1;
	if (!session_document_print(session, status, "member")) {
		head_print(session, status);
		circles_print(session, json_object_get(status, "circles"));
		peers_print(session, json_object_get(status, "peers"));
	}
	json_decref(status);
	return 0;
}

/* ---- stop, version ---- */

static int stop_run(struct session *session)
{
	session->options.no_start = true;
	json_t *answer = session_call(session, "stop", json_object(), CLIENT_WRITES);
	if (!answer)
		return -1;
	int ended = client_end_wait(&session->client, STOP_MS);
	int done = ended == 0 ? session_document_print(session, answer, "stopping") : 0;
	json_decref(answer);
	if (ended != 0)
		return errors_set(
			&session->failure, EXIT_OTHER, "T-STOPPING", "tuyau status --no-start",
			"tuyaud was asked to stop and has not ended after %d s.", STOP_MS / 1000);
	if (done == 0 && session_talks(session))
		fputs(_("tuyaud has stopped.\n"), stderr);
	return 0;
}

static int version_run(struct session *session)
{
	json_t *version = json_object();
	json_object_set_new(version, "schema", json_integer(1));
	json_object_set_new(version, "version", json_string(TUY_VERSION));
	int done = session_document_print(session, version, "version");
	json_decref(version);
	if (done == 0)
		printf("tuyau %s\n", TUY_VERSION);
	return 0;
}

const struct command cmd_status = {
	.name = "status",
	.alias = "statut",
	.usage = "status",
	.summary = "the daemon, its circles and its peers",
	.examples = "  tuyau status\n"
		    "  tuyau status --json=listen\n",
	.words = COMMAND_NO_WORDS,
	.run = status_run,
};

const struct command cmd_stop = {
	.name = "stop",
	.alias = "arrête",
	.usage = "stop",
	.summary = "end the daemon of this home",
	.examples = "  tuyau stop\n",
	.words = COMMAND_NO_WORDS,
	.run = stop_run,
};

const struct command cmd_version = {
	.name = "version",
	.usage = "version",
	.summary = "the version of this program",
	.examples = "  tuyau version\n",
	.words = COMMAND_NO_WORDS,
	.run = version_run,
};
