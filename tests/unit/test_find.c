/* What is typed to find: parsing it, and what it wants of rows and records; watches. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/watch.h"
#include <string.h>

#define NOW_S 1000000u
#define HOUR  3600u

static struct find parsed(const char *text)
{
	struct find find;
	struct rpc_fault fault;
	assert_int_equal(find_parse(tuy_text_bytes(text), &find, &fault), 0);
	return find;
}

static void assert_refused(const char *text, const char *code)
{
	struct find find;
	struct rpc_fault fault = { 0 };
	if (find_parse(tuy_text_bytes(text), &find, &fault) == 0)
		print_message("\"%s\" is taken\n", text);
	assert_string_equal(fault.code, code);
	assert_true(fault.message[0] != '\0');
}

static void assert_words(const char *text, const char *words)
{
	struct find find = parsed(text);
	assert_memory_equal(find.words, words, strlen(words));
	assert_int_equal(find.words_len, strlen(words));
}

static void parts_words_from_filters(void **state)
{
	(void)state;
	assert_words("  wifi   entrepôt ", "wifi entrepôt");
	assert_words("wifi from:david entrepôt \"mot à mot\" -facture -tag:it", "wifi entrepôt");
	assert_words("note:budget http://x - -- :", "note:budget http://x - :");
	assert_words("5\" cyber-sécurité", "5\" cyber-sécurité");
	struct find find = parsed("company:\"val d'oust\" -\"mot à mot\" -facture tag:a tag:b");
	assert_int_equal(find.term_count, 5);
	assert_int_equal(find.term[0].field, FIND_COMPANY);
	assert_int_equal(find.term[0].value.len, strlen("val d'oust"));
	assert_true(find.term[1].field == FIND_PHRASE && find.term[1].not );
	assert_true(find.term[2].field == FIND_WORD && find.term[2].not );
	assert_false(find.term[3].not );
	assert_false(find_has_filter(&(struct find){ 0 }));
	assert_true(find_has_filter(&find) && find_is_about(&find));
	find = parsed("-tag:it");
	assert_false(find_is_about(&find));
}

static void refuses_what_it_does_not_understand(void **state)
{
	static const char *const bad[] = { "warm:",      "warm:x",     "warm:>",   "warm:<0",
		                           "-warm:3",    "age:7d",     "age:<7",   "age:<d",
		                           "age:<7dd",   "kind:chose", "state:li", "tag:",
		                           "\"pas fini", "tag:\"it",   "from:\"\"" };
	char many[FIND_TEXT_MAX + 2];
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_refused(bad[i], "T-USAGE");
	assert_refused("due:2d", "T-USAGE");
	assert_refused("-due:<2d", "T-USAGE");
	memset(many, 'x', sizeof many - 1);
	many[sizeof many - 1] = '\0';
	assert_refused(many, "T-USAGE");
	many[0] = '\0';
	for (int i = 0; i <= FIND_TERMS_MAX; i++)
		strcat(many, "tag:x ");
	assert_refused(many, "T-USAGE");
}

static bool row_wanted(const char *text, const struct view_object *object)
{
	struct find find = parsed(text);
	for (uint32_t i = 0; i < find.term_count; i++)
		if (find.term[i].field == FIND_FROM)
			find.term[i].member.b[0] = find.term[i].value.p[0];
	return find_row_wanted(&find, object, NOW_S, FIND_OPEN);
}

static void wants_of_a_row(void **state)
{
	struct view_object tip = { .kind = TUY_RECORD_TIP,
		                   .member = { { 'a' } },
		                   .created_s = NOW_S - 5 * HOUR,
		                   .expires_s = NOW_S + 1 };
	struct view_object ask = { .kind = TUY_RECORD_ASK, .ask = 2, .expires_s = NOW_S };
	struct view_object name = { .kind = TUY_RECORD_PROFILE };
	(void)state;
	assert_true(row_wanted("", &tip) && !row_wanted("", &ask) && !row_wanted("", &name));
	assert_true(row_wanted("from:a", &tip) && !row_wanted("from:b", &tip));
	assert_true(row_wanted("-from:b", &tip) && !row_wanted("-from:a", &tip));
	assert_true(row_wanted("kind:tip", &tip) && !row_wanted("kind:ask", &tip));
	assert_true(row_wanted("state:expired kind:ask", &ask));
	assert_true(row_wanted("state:any kind:intro", &ask));
	assert_false(row_wanted("state:any kind:news", &ask));
	assert_true(row_wanted("-state:open -kind:news", &ask));
	assert_false(row_wanted("state:expired", &tip));
	assert_true(row_wanted("age:<6h age:>4h", &tip) && row_wanted("age:>=5h", &tip));
	assert_false(row_wanted("age:<5h", &tip) || row_wanted("age:>5h", &tip));
	assert_true(row_wanted("age:<=300m", &tip) && row_wanted("age:<1w", &tip));
}

static void wants_first_contacts_by_when_they_are_due(void **state)
{
	struct find soon = parsed("due:<2d");
	struct find late = parsed("due:<=0d");
	struct find later = parsed("due:>1d due:<3d");
	struct find any = parsed("wifi");
	(void)state;
	assert_true(find_has_filter(&soon) && find_is_about(&soon));
	assert_true(find_due_wanted(&soon, NOW_S + 47 * HOUR, NOW_S));
	assert_false(find_due_wanted(&soon, NOW_S + 48 * HOUR, NOW_S));
	assert_true(find_due_wanted(&soon, NOW_S - HOUR, NOW_S)); /* late, so sooner than soon */
	assert_true(find_due_wanted(&late, NOW_S - HOUR, NOW_S));
	assert_false(find_due_wanted(&late, NOW_S + HOUR, NOW_S));
	assert_true(find_due_wanted(&later, NOW_S + 30 * HOUR, NOW_S));
	assert_false(find_due_wanted(&later, NOW_S + 20 * HOUR, NOW_S));
	assert_false(find_due_wanted(&soon, 0, NOW_S)); /* nothing is to be made */
	assert_true(find_due_wanted(&any, 0, NOW_S));
}

static struct tuy_record record_make(void)
{
	struct tuy_record record = { .kind = TUY_RECORD_TIP };
	struct tuy_value *tags = &record.value[TUY_FIELD_TAGS];
	record.value[TUY_FIELD_TITLE] =
		(struct tuy_value){ .present = true,
		                    .text = tuy_text_bytes("Trois chefs de projet, l’été") };
	record.value[TUY_FIELD_COMPANY] =
		(struct tuy_value){ .present = true,
		                    .text = tuy_text_bytes("Assurances Beaumanoir") };
	record.value[TUY_FIELD_WARMTH] = (struct tuy_value){ .present = true, .number = 3 };
	*tags = (struct tuy_value){ .present = true, .count = 2 };
	tags->item[0] = tuy_text_bytes("Réseaux");
	tags->item[1] = tuy_text_bytes("avant-vente");
	return record;
}

static bool record_wanted(const char *text)
{
	struct tuy_record record = record_make();
	struct find find = parsed(text);
	return find_record_wanted(&find, &record, FIND_WITH_COMPANY);
}

static void wants_of_a_record(void **state)
{
	static const char *const good[] = { "rien que des mots",
		                            "tag:reseau",
		                            "tag:avant-vente",
		                            "tag:vente",
		                            "-tag:it",
		                            "company:beauman",
		                            "warm:3",
		                            "warm:>2 warm:<=3",
		                            "-facture",
		                            "company:assurance",
		                            "\"chefs de projet\"",
		                            "\"L'ETE\"",
		                            "\"trois chefs\"",
		                            "-\"deux chefs\"",
		                            "\"assurances beaumanoir\"" };
	static const char *const bad[] = {
		"tag:res",          "-tag:vente",    "company:oust",       "warm:4",
		"warm:<3",          "-chef",         "\"chef de projet\"", "\"de pro\"",
		"\"projet chefs\"", "-\"de projet\""
	};
	struct find tagged = parsed("tag:x");
	struct find plain = parsed("from:a");
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		if (!record_wanted(good[i]))
			print_message("\"%s\"\n", good[i]);
		assert_true(record_wanted(good[i]));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (record_wanted(bad[i]))
			print_message("\"%s\"\n", bad[i]);
		assert_false(record_wanted(bad[i]));
	}
	assert_false(find_record_wanted(&tagged, NULL, FIND_WITH_COMPANY));
	assert_true(find_record_wanted(&plain, NULL, FIND_WITH_COMPANY));
}

static void gives_the_index_what_all_that_match_have(void **state)
{
	uint8_t room[FIND_TEXT_MAX];
	struct find find =
		parsed("wifi tag:réseau -tag:it from:a \"mot à mot\" company:\"val d'oust\"");
	struct tuy_bytes text = find_index_text(&find, room);
	(void)state;
	static const char wanted[] = "wifi réseau mot à mot val d'oust";
	assert_int_equal(text.len, strlen(wanted));
	assert_memory_equal(text.p, wanted, text.len);
}

static struct watch *watch_of(const struct watches *watches, const char *query)
{
	struct rpc_fault fault = { 0 };
	struct watch *watch = watch_make(watches, tuy_text_bytes(query), &fault);
	if (!watch)
		print_message("%s: %s\n", query, fault.message);
	return watch;
}

static bool watch_meets(const char *query)
{
	static const struct watches none;
	struct view_object tip = { .kind = TUY_RECORD_TIP };
	struct tuy_record record = record_make();
	struct watch *watch = watch_of(&none, query);
	assert_non_null(watch);
	bool meets = watch_matches(watch, &tip, NOW_S, &record);
	watch_free(watch);
	return meets;
}

static void a_watch_guesses_nothing(void **state)
{
	(void)state;
	assert_true(watch_meets("chef projet"));
	assert_true(watch_meets("projets réseau"));
	assert_false(watch_meets("proj"));
	assert_false(watch_meets("assurance"));
	assert_true(watch_meets("company:assurance"));
	assert_false(watch_meets("\"assurances beaumanoir\""));
	assert_true(watch_meets("projet -beaumanoir"));
	assert_false(watch_meets("projet -tag:vente"));
	assert_true(watch_meets("kind:tip warm:>=3"));
	assert_false(watch_meets("kind:ask projet"));
}

static void watches_are_kept_in_their_order(void **state)
{
	struct watches watches = { .next_number = 1 };
	struct rpc_fault fault;
	uint8_t row[WATCH_ROW_MAX];
	(void)state;
	for (int i = 0; i < 3; i++) {
		static const char *const queries[] = { "wifi", "loyer impayé", "tag:it" };
		watches_add(&watches, watch_of(&watches, queries[i]));
	}
	assert_null(watch_make(&watches, tuy_text_bytes("LOYER impaye"), &fault));
	assert_string_equal(fault.code, "T-WATCH-EXISTS");
	assert_null(watch_make(&watches, tuy_text_bytes("-tag:it"), &fault));
	struct watch *second = watches_get(&watches, 2);
	assert_non_null(second);
	struct tuy_bytes label = watch_label(second);
	assert_memory_equal(label.p, "loyer impayé", label.len);
	label = watch_label(watches_get(&watches, 3));
	assert_memory_equal(label.p, "tag:it", label.len);
	assert_int_equal(watch_write(second, row).len, 51 + strlen("loyer impayé"));
	watches_remove(&watches, second);
	assert_null(watches_get(&watches, 2));
	assert_int_equal(watches.count, 2);
	watches_add(&watches, watch_of(&watches, "loyer impayé"));
	assert_int_equal(watches.watch[2]->number, 4);
	char query[16] = "mot00";
	while (watches.count < WATCHES_MAX) {
		query[3] = (char)('0' + watches.count / 10);
		query[4] = (char)('0' + watches.count % 10);
		watches_add(&watches, watch_of(&watches, query));
	}
	assert_null(watch_make(&watches, tuy_text_bytes("un de plus"), &fault));
	assert_string_equal(fault.code, "T-USAGE");
	watches_clear(&watches);
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, NULL, NULL, NULL                                               \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("parts words from filters", parts_words_from_filters),
		TEST("refuses what it does not understand", refuses_what_it_does_not_understand),
		TEST("tells by its row what is wanted", wants_of_a_row),
		TEST("wants first contacts by when they are due",
		     wants_first_contacts_by_when_they_are_due),
		TEST("tells by its record what is wanted", wants_of_a_record),
		TEST("gives the index the words that all that match have",
		     gives_the_index_what_all_that_match_have),
		TEST("a watch guesses nothing and leaves companies alone", a_watch_guesses_nothing),
		TEST("watches have numbers and an order", watches_are_kept_in_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
