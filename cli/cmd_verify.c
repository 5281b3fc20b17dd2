/*
 * verify: is this letter, or any file signed with minisign, what its author signed? It needs no
 * daemon; if one runs here it is asked whose key it is, and whether the letter was revoked.
 */
#include "commands.h"
#include "file.h"
#include "../proto/letter.h"
#include "../proto/text.h"
#include "times.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

static const struct option_rule rules[] = {
	{ 0, "key", "KEY", NULL, OPTION_TEXT, "the author's key, or the file it is in (RW...)" },
};

struct check {
	const char *path;
	struct tuy_bytes file;
	struct tuy_bytes sign_file;
	struct tuy_minisign sign;
	bool has_key; /* --key; else the letter's own */
	struct tuy_minisign_key key;
	bool is_letter;
	struct tuy_letter letter;
	struct tuy_letter_fault fault;
	struct tuy_letter_comment comment;
	uint8_t room[TUY_LETTER_MAX];
	json_t *known; /* letter_check's answer; NULL: no daemon */
};

static int refuse(struct session *session, const char *code, const char *hint, const char *message)
{
	return errors_set(&session->failure, EXIT_OTHER, code, hint, "%s", words_text(message));
}

/* ---- what is given ---- */

static int sign_read(struct session *session, struct check *check, const char *path)
{
	static const char hint[] = N_("Ask for the whole file again.");
	if (file_read(path, &check->sign_file, &session->failure) != 0) {
		if (session->failure.exit == EXIT_NOT_FOUND)
			snprintf(session->failure.hint, sizeof(session->failure.hint), "%s",
			         _("The signature comes with the letter, as a second file: "
			           "tuyau verify FILE FILE.minisig"));
		return -1;
	}
	enum tuy_err err = tuy_minisign_parse(check->sign_file, &check->sign);
	if (err == TUY_E_SHORT)
		return refuse(session, "T-LETTER-CUT", hint,
		              "The signature file is cut: it ends before its fourth line does.");
	if (err)
		return refuse(session, "T-LETTER-FORM", hint,
		              "The signature file is none of minisign's.");
	tuy_letter_comment_read(check->sign.trusted, &check->comment);
	return 0;
}

/* --key: the key itself, or a file with it. */
static int key_read(struct session *session, struct check *check)
{
	const char *text = options_value(&session->options, "key");
	struct tuy_bytes file;
	if (!text)
		return 0;
	check->has_key = true;
	if (tuy_minisign_key_parse(tuy_text_bytes(text), &check->key) == TUY_OK)
		return 0;
	if (file_read_if(text, &file, &session->failure) != 0)
		return session_usage_error(session,
		                           "\"--key %s\" is no key (RW..., 56 characters), and no "
		                           "file with one.",
		                           text);
	enum tuy_err err = tuy_minisign_key_parse(file, &check->key);
	free((void *)(uintptr_t)file.p);
	if (!err)
		return 0;
	return session_usage_error(session, "The file \"--key %s\" holds no key of minisign.",
	                           text);
}

/* What the text itself says; the key of a whole letter is used if no other was given. */
static int letter_look(struct session *session, struct check *check)
{
	enum tuy_err err = TUY_E_FORMAT;
	check->is_letter =
		tuy_letter_claimed(check->file) || check->comment.kind == TUY_LETTER_VOUCH;
	if (check->is_letter)
		err = tuy_letter_read(check->file, &check->letter, check->room, &check->fault);
	if (check->has_key)
		return 0;
	if (check->is_letter && err == TUY_OK) {
		check->key = check->letter.key;
		return 0;
	}
	if (check->is_letter && err == TUY_E_SHORT && check->fault.field == TUY_LETTER_CHECK)
		return refuse(session, "T-LETTER-CUT", "Ask for the whole file again.",
		              "The letter is cut: it ends before its last line.");
	if (check->is_letter)
		return refuse(session, "T-LETTER-FORM", "tuyau verify FILE --key RW...",
		              "This letter has not the form of one, so its key cannot be read.");
	return session_usage_error(session, "Whose signature is it? Give the key: --key RW...");
}

/* ---- the checks ---- */

static int signature_check(struct session *session, struct check *check)
{
	bool cut = check->is_letter && check->fault.err == TUY_E_SHORT &&
	           check->fault.field == TUY_LETTER_CHECK;
	enum tuy_err err = tuy_minisign_check(&check->sign, &check->key, check->file);
	if (err == TUY_OK)
		return 0;
	if (err == TUY_E_UNKNOWN)
		return refuse(session, "T-LETTER-KEY",
		              "Ask the author for his key by another way, then: --key RW...",
		              check->has_key ? "Another key signed this, not the one given."
		                             : "Another key signed this, not the one in it.");
	if (err == TUY_E_SIGNATURE)
		return refuse(session, "T-LETTER-CHANGED", "Ask the author for both files again.",
		              "The trusted comment was changed after it was signed.");
	if (cut)
		return refuse(session, "T-LETTER-CUT", "Ask for the whole file again.",
		              "The letter is cut: it ends before its last line.");
	return refuse(session, "T-LETTER-CHANGED", "Ask the author for both files again.",
	              "The text was changed after it was signed, or it is not the file that "
	              "this signature belongs to.");
}

static int form_check(struct session *session, const struct check *check)
{
	const struct tuy_letter_fault *fault = &check->fault;
	char message[200];
	if (fault->err == TUY_OK)
		return 0;
	if (fault->field < TUY_LETTER_FIELDS)
		snprintf(message, sizeof(message),
		         fault->err == TUY_E_SHORT ? _("The letter lacks its line \"%s\".")
		                                   : _("The letter is wrong in its line \"%s\"."),
		         tuy_letter_label(check->letter.lang, fault->field));
	else
		snprintf(message, sizeof(message), "%s", _("It has not the form of a letter."));
	return refuse(session, "T-LETTER-FORM",
	              "What a letter must say: tuyau help vouch. Do not rely on this one.",
	              message);
}

static int agreement_check(struct session *session, const struct check *check)
{
	static const char hint[] = N_("Do not rely on this letter.");
	enum tuy_err err = tuy_letter_agree(&check->letter, &check->key, &check->comment);
	if (err == TUY_OK)
		return 0;
	if (err == TUY_E_UNKNOWN)
		return refuse(session, "T-LETTER-KEY", hint,
		              "The key in the letter is not the one that signed it.");
	if (err == TUY_E_LIMIT)
		return refuse(session, "T-LETTER-FORM", hint,
		              "It says that it is good for more than 90 days.");
	return refuse(session, "T-LETTER-FORM", hint,
	              "Number or end of the letter are not those of its trusted comment.");
}

/* Asks the daemon of this home, if it runs; without one the letter is checked by itself. */
static void daemon_ask(struct session *session, struct check *check)
{
	char key[TUY_MINISIGN_KEY_TEXT];
	struct session asking = *session;
	json_t *params = json_object();
	tuy_minisign_key_text(&check->key, key);
	json_object_set_new(params, "key", json_string(key));
	if (check->comment.kind != TUY_LETTER_NONE)
		json_object_set_new(params, "number", json_string(check->comment.number));
	asking.options.no_start = true;
	check->known = session_call(&asking, "letter_check", params, CLIENT_READS);
	session->client = asking.client;
}

/* The revocation that lies beside the letter: 1: it is revoked; 0: not so. */
static int revocation_look(const struct check *check)
{
	struct failure ignored;
	struct tuy_bytes text = { 0 };
	struct tuy_bytes sign_text = { 0 };
	struct tuy_minisign sign;
	struct tuy_letter_comment comment = { .kind = TUY_LETTER_NONE };
	char *path = file_path(check->path, ".revoked");
	char *sign_path = file_path(path, ".minisig");
	int revoked = 0;
	if (file_read_if(path, &text, &ignored) == 0 &&
	    file_read_if(sign_path, &sign_text, &ignored) == 0 &&
	    tuy_minisign_parse(sign_text, &sign) == TUY_OK &&
	    tuy_minisign_check(&sign, &check->key, text) == TUY_OK) {
		tuy_letter_comment_read(sign.trusted, &comment);
		revoked = comment.kind == TUY_LETTER_REVOKED &&
		          strcmp(comment.number, check->letter.number) == 0;
	}
	free((void *)(uintptr_t)text.p);
	free((void *)(uintptr_t)sign_text.p);
	free(path);
	free(sign_path);
	return revoked;
}

static int validity_check(struct session *session, const struct check *check)
{
	char day[TUY_LETTER_DAY_TEXT];
	char message[120];
	time_t now = session->now;
	const char *revoked = doc_text(check->known, "revoked");
	(void)times_parse(doc_text(check->known, "time"), &now);
	if (*revoked != '\0') {
		snprintf(message, sizeof(message), _("Its author revoked this letter on %.10s."),
		         revoked);
		return refuse(session, "T-LETTER-REVOKED", "Do not rely on this letter.", message);
	}
	if (revocation_look(check))
		return refuse(session, "T-LETTER-REVOKED", "Do not rely on this letter.",
		              "Its author revoked this letter: the revocation lies beside it.");
	if (now / DAY_S <= (time_t)check->letter.expires_day)
		return 0;
	tuy_letter_day_text(check->letter.expires_day, day);
	snprintf(message, sizeof(message),
	         _("The signature is right, but this letter was good until %s only."), day);
	return refuse(session, "T-LETTER-EXPIRED", "Ask its author for a new one.", message);
}

static int all_check(struct session *session, struct check *check)
{
	if (letter_look(session, check) != 0 || signature_check(session, check) != 0)
		return -1;
	if (check->is_letter &&
	    (form_check(session, check) != 0 || agreement_check(session, check) != 0))
		return -1;
	daemon_ask(session, check);
	return check->is_letter ? validity_check(session, check) : 0;
}

/* ---- what is shown ---- */

static json_t *text_json(struct tuy_bytes text)
{
	return text.len > 0 ? json_stringn((const char *)text.p, text.len) : json_null();
}

static json_t *letter_json(const struct check *check)
{
	const struct tuy_letter *letter = &check->letter;
	char day[TUY_LETTER_DAY_TEXT];
	json_t *facts = json_array();
	json_t *object = json_object();
	json_object_set_new(object, "number", json_string(letter->number));
	json_object_set_new(object, "lang",
	                    json_string(letter->lang == TUY_LETTER_FR ? "fr" : "en"));
	for (int field = 0; field < TUY_LETTER_MADE; field++)
		if (field != TUY_LETTER_FACT)
			json_object_set_new(object,
			                    tuy_letter_field_name((enum tuy_letter_field)field),
			                    text_json(letter->text[field]));
	for (uint32_t i = 0; i < letter->fact_count; i++)
		json_array_append_new(facts, text_json(letter->fact[i]));
	json_object_set_new(object, "facts", facts);
	json_object_set_new(object, "callable",
	                    json_boolean(letter->text[TUY_LETTER_CALL].len > 0));
	tuy_letter_day_text(letter->made_day != TUY_LETTER_NO_DAY ? letter->made_day
	                                                          : check->comment.time_s / DAY_S,
	                    day);
	json_object_set_new(object, "made", json_string(day));
	tuy_letter_day_text(letter->expires_day, day);
	json_object_set_new(object, "expires", json_string(day));
	return object;
}

static json_t *result_json(const struct check *check)
{
	char key[TUY_MINISIGN_KEY_TEXT];
	uint8_t clean[3 * TUY_MINISIGN_TRUSTED_MAX];
	size_t len = 0;
	const json_t *members = json_object_get(check->known, "members");
	json_t *object = json_object();
	tuy_text_scrub(check->sign.trusted, TUY_TEXT_LINES, clean, sizeof(clean), &len);
	tuy_minisign_key_text(&check->key, key);
	json_object_set_new(object, "schema", json_integer(1));
	json_object_set_new(object, "valid", json_true());
	json_object_set_new(object, "key", json_string(key));
	json_object_set_new(object, "key_given", json_boolean(check->has_key));
	json_object_set_new(object, "legacy",
	                    json_boolean(check->sign.form == TUY_MINISIGN_LEGACY));
	json_object_set_new(object, "trusted_comment", json_stringn((const char *)clean, len));
	json_object_set_new(object, "letter", check->is_letter ? letter_json(check) : json_null());
	json_object_set_new(object, "signers",
	                    members ? json_copy((json_t *)(uintptr_t)members) : json_array());
	return object;
}

/* Who is known to have the key, for a person. */
static void signer_print(const struct session *session, const json_t *result)
{
	const json_t *signers = json_object_get(result, "signers");
	char line[400];
	if (json_array_size(signers) > 0) {
		const json_t *first = json_array_get(signers, 0);
		snprintf(line, sizeof(line), _("%s, a member of %s"), doc_text(first, "name"),
		         doc_text(first, "circle"));
		session_line_print(session, "Signed by", line);
		return;
	}
	session_line_print(session, "Key", doc_text(result, "key"));
	if (!doc_true(result, "key_given") && session_talks(session))
		fputs(_("Whose key that is, nobody here can say: compare it with the one that the "
		        "author\ngave you by another way.\n"),
		      stderr);
}

static void result_print(struct session *session, const struct check *check, const json_t *result)
{
	const json_t *letter = json_object_get(result, "letter");
	if (session_document_print(session, result, "key"))
		return;
	if (check->is_letter) {
		session_line_print(session, "Letter", _("valid, not a word was changed"));
		session_line_print(session, "Number", doc_text(letter, "number"));
		session_line_print(session, "From", doc_text(letter, "from"));
		session_line_print(session, "About", doc_text(letter, "about"));
		session_line_print(session, "Until", doc_text(letter, "expires"));
	} else {
		session_line_print(session, "Signature", _("valid"));
		if (check->comment.kind == TUY_LETTER_REVOKED)
			session_line_print(session, "Revokes", check->comment.number);
		session_line_print(session, "Comment", doc_text(result, "trusted_comment"));
	}
	signer_print(session, result);
	fflush(stdout);
}

static int run(struct session *session)
{
	const struct options *options = &session->options;
	if (options->word_count < 1 || options->word_count > 2)
		return session_usage_error(session,
		                           "Which file? Its signature is FILE.minisig beside it.");
	struct check *check = calloc(1, sizeof(*check));
	if (!check)
		return refuse(session, "T-MEMORY", "Try again.", "There was not enough memory.");
	check->path = options->words[0];
	char *beside = file_path(check->path, ".minisig");
	int result = key_read(session, check);
	if (result == 0)
		result = file_read(check->path, &check->file, &session->failure);
	if (result == 0)
		result = sign_read(session, check,
		                   options->word_count == 2 ? options->words[1] : beside);
	if (result == 0)
		result = all_check(session, check);
	if (result == 0) {
		json_t *document = result_json(check);
		result_print(session, check, document);
		json_decref(document);
	}
	json_decref(check->known);
	free((void *)(uintptr_t)check->file.p);
	free((void *)(uintptr_t)check->sign_file.p);
	free(check);
	free(beside);
	return result;
}

const struct command cmd_verify = {
	.name = "verify",
	.alias = "vérifie",
	.usage = "verify FILE [FILE.minisig] [--key KEY]",
	.summary = "check a letter, or any file signed with minisign",
	.examples = "  tuyau verify lettre-7KQ2M9XD.txt\n"
		    "  tuyau verify lettre-7KQ2M9XD.txt --key RWSz1Cycq98tKepK...\n"
		    "  tuyau verify release.tar.gz release.tar.gz.minisig --key minisign.pub\n",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_WORDS,
	.run = run,
};
