/* invite: a code that lets one person in. */
#include "commands.h"
#include "qr.h"
#include "times.h"
#include "words.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S    86400
#define DAYS_MAX 30

static const struct option_rule rules[] = {
	{ 0, "days", "N", NULL, OPTION_TEXT, "how long it is good (default 7, most 30)" },
	{ 0, "qr", NULL, NULL, OPTION_FLAG, "draw it for a phone" },
	{ 0, "out", "FILE", NULL, OPTION_TEXT, "write it to a file instead" },
	{ 0, "seconds", "N", NULL, OPTION_TEXT, NULL },
	{ 0, "relay", NULL, NULL, OPTION_LATER, NULL },
	{ 0, "recover", "MEMBER", NULL, OPTION_LATER, NULL },
	{ 0, "via", "MEMBER", NULL, OPTION_LATER, NULL },
};

/* "7" days, "0.5" (in seconds then), or --seconds. */
static int life_set(struct session *session, json_t *params)
{
	const char *days = options_value(&session->options, "days");
	const char *seconds = options_value(&session->options, "seconds");
	const char *text = seconds ? seconds : days;
	char *end = NULL;
	if (!text)
		return 0;
	double number = strtod(text, &end);
	double life_s = number * (seconds ? 1 : DAY_S);
	if (end == text || *end != '\0' || !(life_s >= 1) || life_s > DAYS_MAX * DAY_S)
		return session_usage_error(session, "\"--%s %s\": up to %d days.",
		                           seconds ? "seconds" : "days", text, DAYS_MAX);
	if (!seconds && number == (double)(int)number)
		json_object_set_new(params, "days", json_integer((json_int_t)number));
	else
		json_object_set_new(params, "seconds", json_integer((json_int_t)life_s));
	return 0;
}

static json_t *invite_params(struct session *session)
{
	json_t *params = session_named_params(session, 0, "name");
	if (params && life_set(session, params) == 0)
		return params;
	json_decref(params);
	return NULL;
}

static int file_error(struct session *session, const char *path, int error)
{
	return errors_set(&session->failure, EXIT_OTHER, "T-OUTPUT",
	                  "Give --out another name. The invitation was made: tuyau invite makes "
	                  "another one.",
	                  "%s cannot be written (%s).", path, words_errno(error));
}

/* A new file that only its owner reads: who holds the code gets in. */
static int file_write(struct session *session, const char *path, const char *code)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return file_error(session, path, errno);
	int failed = dprintf(fd, "%s\n", code) < 0;
	int error = errno;
	if (close(fd) != 0) {
		failed = 1;
		error = errno;
	}
	return failed ? file_error(session, path, error) : 0;
}

static void qr_show(const struct session *session, const char *code)
{
	struct qr_size size = qr_measure(code);
	if (size.columns == 0)
		fputs(_("This code is too long for a QR: send it.\n"), stderr);
	else if (session->term.screen && session->term.columns < size.columns)
		fprintf(stderr,
		        _("The QR needs %zu columns and %zu lines; this terminal has %zu columns. "
		          "Widen it, or send the code.\n"),
		        size.columns, size.lines, session->term.columns);
	else
		qr_print(code, stdout);
}

static void talk(const struct session *session, const json_t *invite)
{
	const char *name = doc_text(invite, "name");
	struct times_text moment = times_moment(doc_text(invite, "expires"));
	char *shown = show_clean(name);
	fflush(stdout);
	if (*shown != '\0')
		fprintf(stderr, _("For %s alone, good until %s. Who holds it gets in.\n"), shown,
		        moment.text);
	else
		fprintf(stderr, _("For one person, good until %s. Who holds it gets in.\n"),
		        moment.text);
	if (session->term.screen)
		fputs(_("What to type there: tuyau join CODE\n"), stderr);
	free(shown);
}

static int run(struct session *session)
{
	const char *path = options_value(&session->options, "out");
	json_t *params = invite_params(session);
	if (!params)
		return -1;
	json_t *invite = session_call(session, "invite", params, CLIENT_WRITES);
	if (!invite)
		return -1;
	char *code = show_clean(doc_text(invite, "invite"));
	int result = path ? file_write(session, path, code) : 0;
	if (result == 0 && !session_document_print(session, invite, "id")) {
		if (options_value(&session->options, "qr"))
			qr_show(session, code);
		if (!path)
			printf("%s\n", code);
		talk(session, invite);
	}
	free(code);
	json_decref(invite);
	return result;
}

const struct command cmd_invite = {
	.name = "invite",
	.usage = "invite [NAME] [--days 7] [--qr] [--out FILE]",
	.summary = "make an invitation for one person",
	.examples = "  tuyau invite bruno\n"
		    "  tuyau invite bruno --qr\n",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_WORDS,
	.run = run,
};
