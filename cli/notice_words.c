#include "notice_words.h"
#include "memory.h"
#include "times.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANGS 2

/* How values are called in the texts, in braces. */
static const char *const value_names[NOTICE_VALUES] = {
	[NOTICE_WHO] = "who",
	[NOTICE_ME] = "me",
	[NOTICE_MY_COMPANY] = "mine",
	[NOTICE_REACH] = "reach",
	[NOTICE_CIRCLE] = "circle",
	[NOTICE_COUNT] = "count",
	[NOTICE_WHAT] = "what",
	[NOTICE_COMPANY] = "company",
	[NOTICE_ROLE] = "role",
	[NOTICE_HELD] = "held",
	[NOTICE_UNTIL] = "until",
	[NOTICE_GIVER] = "giver",
	[NOTICE_GIVER_COMPANY] = "theirs",
};

static const char *const subjects[NOTICE_KINDS][LANGS] = {
	[NOTICE_TIP] = { "May I give your name to someone I trust?",
	                 "Puis-je donner votre nom à quelqu’un de confiance ?" },
	[NOTICE_ASK] = { "What I asked my circle, and what it says of you",
	                 "Ce que j’ai demandé à mon cercle, et ce qui y est dit de vous" },
	[NOTICE_ANSWER] = { "May I give your name to {giver}?",
	                    "Puis-je donner votre nom à {giver} ?" },
	[NOTICE_CALL] = { "{giver} gave me your name", "{giver} m’a donné votre nom" },
};

/*
 * The texts. A paragraph is left out if a value in it is not known; one that begins with "|" stands
 * in for the one before it, only then.
 */
#define PARAGRAPHS_MAX 16
static const char *const texts[NOTICE_KINDS][LANGS][PARAGRAPHS_MAX] = {
	[NOTICE_TIP] = {
		{
			"Hello {who},",
			"|Hello,",
			"I belong to \"{circle}\", a circle of {count} people who trust each other and "
			"pass each other what they hear of. I believe that one of them can help you with "
			"this: {what} ({company}).",
			"|I belong to \"{circle}\", a circle of {count} people who trust each other and "
			"pass each other what they hear of. I believe that one of them can help you with "
			"this: {what}.",
			"May I give your name to the one who takes this up? That one person would receive: "
			"{held}. The other members read what it is about, and your role and company if I "
			"wrote them; not your name, nor how to reach you.",
			"|May I give your name to the one who takes this up? That one person would "
			"receive: your name and how to reach you. The other members read what it is "
			"about, and your role and company if I wrote them; not your name.",
			"It is for one purpose: that this person can call you about it. It rests on our "
			"legitimate interest in recommending each other at work, and on your yes.",
			"What I offered ends on {until}. Your details are erased 60 days after the matter "
			"is closed, and in any case within a year.",
			"|Your details are erased 60 days after the matter is closed, and in any case "
			"within a year.",
			"You can say no, now or later, ask to see what is held about you, and have it "
			"corrected or erased: tell me ({reach}). I then erase it on my machine and have "
			"the others' machines erase it. You can also turn to your data protection "
			"authority.",
			"|You can say no, now or later, ask to see what is held about you, and have it "
			"corrected or erased: answer this message. I then erase it on my machine and have "
			"the others' machines erase it. You can also turn to your data protection "
			"authority.",
			"{me}, {mine}",
			"|{me}",
		},
		{
			"Bonjour {who},",
			"|Bonjour,",
			"Je fais partie de « {circle} », un cercle de {count} personnes de confiance qui se "
			"transmettent ce dont elles entendent parler. Je crois que l’une d’elles peut vous "
			"aider pour ceci : {what} ({company}).",
			"|Je fais partie de « {circle} », un cercle de {count} personnes de confiance qui se "
			"transmettent ce dont elles entendent parler. Je crois que l’une d’elles peut vous "
			"aider pour ceci : {what}.",
			"Puis-je donner votre nom à celle qui s’en chargera ? Elle seule recevrait : {held}. "
			"Les autres membres lisent ce dont il s’agit, ainsi que votre fonction et votre "
			"société si je les ai indiquées ; ni votre nom, ni vos coordonnées.",
			"|Puis-je donner votre nom à celle qui s’en chargera ? Elle seule recevrait : votre "
			"nom et vos coordonnées. Les autres membres lisent ce dont il s’agit, ainsi que votre "
			"fonction et votre société si je les ai indiquées ; pas votre nom.",
			"Le but est unique : que cette personne puisse vous appeler à ce sujet. Cela repose "
			"sur notre intérêt légitime à nous recommander dans le travail, et sur votre accord.",
			"Ma proposition prend fin le {until}. Vos coordonnées sont effacées 60 jours après "
			"la fin de l’affaire, et dans tous les cas au bout d’un an.",
			"|Vos coordonnées sont effacées 60 jours après la fin de l’affaire, et dans tous les "
			"cas au bout d’un an.",
			"Vous pouvez refuser, maintenant ou plus tard, demander à voir ce qui est conservé à "
			"votre sujet, le faire corriger ou effacer : dites-le-moi ({reach}). Je l’efface alors "
			"sur ma machine et le fais effacer sur celles des autres. Vous pouvez aussi vous "
			"adresser à l’autorité de protection des données (en France, la CNIL).",
			"|Vous pouvez refuser, maintenant ou plus tard, demander à voir ce qui est conservé à "
			"votre sujet, le faire corriger ou effacer : répondez à ce message. Je l’efface alors "
			"sur ma machine et le fais effacer sur celles des autres. Vous pouvez aussi vous "
			"adresser à l’autorité de protection des données (en France, la CNIL).",
			"{me}, {mine}",
			"|{me}",
		},
	},
	[NOTICE_ASK] = {
		{
			"Hello {who},",
			"|Hello,",
			"I belong to \"{circle}\", a circle of {count} people who trust each other. I asked "
			"them this: {what} ({company}).",
			"|I belong to \"{circle}\", a circle of {count} people who trust each other. I asked "
			"them this: {what}.",
			"All of them can read it. What it says of you: {held}. Their answers come to me "
			"alone.",
			"|All of them can read it. Your name is not in it. Their answers come to me alone.",
			"It is for one purpose: to find the way to you, for a matter of your work. It rests "
			"on our legitimate interest in that.",
			"The question ends on {until}, and its text is erased 30 days later; answers within "
			"half a year.",
			"You can object, ask to see what is held about you, and have it corrected or erased: "
			"tell me ({reach}). I then erase it on my machine and have the others' machines "
			"erase it. You can also turn to your data protection authority.",
			"|You can object, ask to see what is held about you, and have it corrected or "
			"erased: answer this message. I then erase it on my machine and have the others' "
			"machines erase it. You can also turn to your data protection authority.",
			"{me}, {mine}",
			"|{me}",
		},
		{
			"Bonjour {who},",
			"|Bonjour,",
			"Je fais partie de « {circle} », un cercle de {count} personnes de confiance. Je leur "
			"ai demandé ceci : {what} ({company}).",
			"|Je fais partie de « {circle} », un cercle de {count} personnes de confiance. Je leur "
			"ai demandé ceci : {what}.",
			"Toutes peuvent le lire. Ce qui y est dit de vous : {held}. Leurs réponses ne "
			"viennent qu’à moi.",
			"|Toutes peuvent le lire. Votre nom n’y figure pas. Leurs réponses ne viennent qu’à "
			"moi.",
			"Le but est unique : vous joindre, pour une affaire liée à votre travail. Cela repose "
			"sur notre intérêt légitime à le faire.",
			"La question prend fin le {until}, et son texte est effacé 30 jours plus tard ; les "
			"réponses, dans les six mois.",
			"Vous pouvez vous y opposer, demander à voir ce qui est conservé à votre sujet, le "
			"faire corriger ou effacer : dites-le-moi ({reach}). Je l’efface alors sur ma machine "
			"et le fais effacer sur celles des autres. Vous pouvez aussi vous adresser à "
			"l’autorité de protection des données (en France, la CNIL).",
			"|Vous pouvez vous y opposer, demander à voir ce qui est conservé à votre sujet, le "
			"faire corriger ou effacer : répondez à ce message. Je l’efface alors sur ma machine "
			"et le fais effacer sur celles des autres. Vous pouvez aussi vous adresser à "
			"l’autorité de protection des données (en France, la CNIL).",
			"{me}, {mine}",
			"|{me}",
		},
	},
	[NOTICE_ANSWER] = {
		{
			"Hello {who},",
			"|Hello,",
			"{giver} ({theirs}) and I belong to \"{circle}\", a circle of {count} people who "
			"trust each other. This was asked there: {what}.",
			"|{giver} and I belong to \"{circle}\", a circle of {count} people who trust each "
			"other. This was asked there: {what}.",
			"May I give you as the one to talk to? {giver} alone would receive: {held}.",
			"|May I give you as the one to talk to? {giver} alone would receive: your name and "
			"how to reach you.",
			"It is for one purpose: that you can be called about it. It rests on our legitimate "
			"interest in recommending each other at work, and on your yes.",
			"Your details are erased when the answer is, within half a year.",
			"You can say no, now or later, ask to see what is held about you, and have it "
			"corrected or erased: tell me ({reach}). You can also turn to your data protection "
			"authority.",
			"|You can say no, now or later, ask to see what is held about you, and have it "
			"corrected or erased: answer this message. You can also turn to your data "
			"protection authority.",
			"{me}, {mine}",
			"|{me}",
		},
		{
			"Bonjour {who},",
			"|Bonjour,",
			"{giver} ({theirs}) et moi faisons partie de « {circle} », un cercle de {count} "
			"personnes de confiance. On y demande ceci : {what}.",
			"|{giver} et moi faisons partie de « {circle} », un cercle de {count} personnes de "
			"confiance. On y demande ceci : {what}.",
			"Puis-je indiquer que c’est à vous qu’il faut parler ? {giver} serait seul à recevoir :"
			" {held}.",
			"|Puis-je indiquer que c’est à vous qu’il faut parler ? {giver} serait seul à recevoir :"
			" votre nom et vos coordonnées.",
			"Le but est unique : que l’on puisse vous appeler à ce sujet. Cela repose sur notre "
			"intérêt légitime à nous recommander dans le travail, et sur votre accord.",
			"Vos coordonnées sont effacées avec la réponse, dans les six mois.",
			"Vous pouvez refuser, maintenant ou plus tard, demander à voir ce qui est conservé à "
			"votre sujet, le faire corriger ou effacer : dites-le-moi ({reach}). Vous pouvez aussi "
			"vous adresser à l’autorité de protection des données (en France, la CNIL).",
			"|Vous pouvez refuser, maintenant ou plus tard, demander à voir ce qui est conservé à "
			"votre sujet, le faire corriger ou effacer : répondez à ce message. Vous pouvez aussi "
			"vous adresser à l’autorité de protection des données (en France, la CNIL).",
			"{me}, {mine}",
			"|{me}",
		},
	},
	[NOTICE_CALL] = {
		{
			"Hello {who}, this is {me}, {mine}.",
			"|Hello {who}, this is {me}.",
			"|Hello, this is {me}.",
			"{giver} ({theirs}) gave me your name, about this: {what} ({company}).",
			"|{giver} ({theirs}) gave me your name, about this: {what}.",
			"|{giver} gave me your name, about this: {what} ({company}).",
			"|{giver} gave me your name, about this: {what}.",
			"We both belong to \"{circle}\", a circle of {count} people who pass each other what "
			"they hear of. Is now a good moment?",
			"I hold {held}: for this call and what comes of it, nothing else. It is erased 60 "
			"days after the matter is closed, and in any case within a year.",
			"If you would rather not, say so, now or later, to {giver} or to me: I erase it "
			"today, and you are not called again.",
		},
		{
			"Bonjour {who}, ici {me}, {mine}.",
			"|Bonjour {who}, ici {me}.",
			"|Bonjour, ici {me}.",
			"{giver} ({theirs}) m’a donné votre nom, à propos de ceci : {what} ({company}).",
			"|{giver} ({theirs}) m’a donné votre nom, à propos de ceci : {what}.",
			"|{giver} m’a donné votre nom, à propos de ceci : {what} ({company}).",
			"|{giver} m’a donné votre nom, à propos de ceci : {what}.",
			"Nous faisons partie de « {circle} », un cercle de {count} personnes qui se "
			"transmettent ce dont elles entendent parler. Est-ce le bon moment ?",
			"J’ai de vous : {held}. C’est pour cet appel et ses suites, rien d’autre. C’est effacé "
			"60 jours après la fin de l’affaire, et dans tous les cas au bout d’un an.",
			"Si vous préférez que non, dites-le, maintenant ou plus tard, à {giver} ou à moi : "
			"j’efface tout aujourd’hui même, et l’on ne vous rappelle pas.",
		},
	},
};

static const struct {
	const char *field;
	const char *says[LANGS];
} held_names[] = {
	{ "name", { "your name", "votre nom" } },
	{ "person", { "your name", "votre nom" } },
	{ "role", { "your role", "votre fonction" } },
	{ "company", { "your company", "votre société" } },
	{ "phone", { "your telephone number", "votre numéro de téléphone" } },
	{ "email", { "your e-mail address", "votre adresse électronique" } },
	{ "best_time", { "when to call you", "quand vous appeler" } },
};

static const char *const months[LANGS][12] = {
	{ "January", "February", "March", "April", "May", "June", "July", "August", "September",
	  "October", "November", "December" },
	{ "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
	  "octobre", "novembre", "décembre" },
};

/* ---- filling in ---- */

/* The value whose name begins at `text`, behind a brace; its length with the second brace to *len.
 * NULL: none of that name. */
static const char *value_at(const char *text, const char *const values[NOTICE_VALUES], size_t *len)
{
	size_t name = strcspn(text, "}");
	for (size_t i = 0; i < NOTICE_VALUES; i++)
		if (strlen(value_names[i]) == name && memcmp(value_names[i], text, name) == 0) {
			*len = name + 1;
			return values[i] ? values[i] : "";
		}
	*len = 0;
	return NULL;
}

/* Whether every value of a paragraph is known. */
static bool is_known(const char *text, const char *const values[NOTICE_VALUES])
{
	size_t len;
	for (const char *p = strchr(text, '{'); p; p = strchr(p + 1, '{')) {
		const char *value = value_at(p + 1, values, &len);
		if (!value || *value == '\0')
			return false;
	}
	return true;
}

static void fill(FILE *out, const char *text, const char *const values[NOTICE_VALUES])
{
	for (const char *p = text; *p != '\0';) {
		size_t plain = strcspn(p, "{");
		size_t len;
		fwrite(p, 1, plain, out);
		p += plain;
		if (*p == '\0')
			return;
		const char *value = value_at(p + 1, values, &len);
		if (value)
			fputs(value, out);
		p += 1 + len;
	}
}

char *notice_subject(enum notice_kind kind, enum lang lang, const char *const values[NOTICE_VALUES])
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = memory_check(open_memstream(&text, &size));
	fill(out, subjects[kind][lang], values);
	if (fclose(out) != 0)
		memory_check(NULL);
	return text;
}

char *notice_text(enum notice_kind kind, enum lang lang, const char *const values[NOTICE_VALUES])
{
	char *text = NULL;
	size_t size = 0;
	bool said = false; /* the paragraph before, or what stood in for it */
	bool first = true;
	FILE *out = memory_check(open_memstream(&text, &size));
	for (size_t i = 0; i < PARAGRAPHS_MAX && texts[kind][lang][i]; i++) {
		const char *paragraph = texts[kind][lang][i];
		bool instead = *paragraph == '|';
		if (instead && said)
			continue;
		said = is_known(paragraph, values);
		if (!said)
			continue;
		fputs(first ? "" : "\n", out);
		first = false;
		fill(out, paragraph + instead, values);
		fputc('\n', out);
	}
	if (fclose(out) != 0)
		memory_check(NULL);
	return text;
}

char *notice_held(enum lang lang, const char *const *fields, size_t count)
{
	char *text = NULL;
	size_t size = 0;
	bool first = true;
	FILE *out = memory_check(open_memstream(&text, &size));
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sizeof(held_names) / sizeof(held_names[0]); k++)
			if (strcmp(held_names[k].field, fields[i]) == 0) {
				fprintf(out, "%s%s", first ? "" : ", ", held_names[k].says[lang]);
				first = false;
			}
	if (fclose(out) != 0)
		memory_check(NULL);
	return text;
}

char *notice_day(enum lang lang, const char *rfc3339)
{
	time_t at;
	struct tm tm;
	char *text;
	if (times_parse(rfc3339, &at) != 0 || !localtime_r(&at, &tm))
		return memory_check(strdup(""));
	int len = asprintf(&text, "%d%s %s %d", tm.tm_mday,
	                   lang == LANG_FR && tm.tm_mday == 1 ? "er" : "", months[lang][tm.tm_mon],
	                   tm.tm_year + 1900);
	return memory_check(len < 0 ? NULL : text);
}
