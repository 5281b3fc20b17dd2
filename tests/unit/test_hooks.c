/* Which files are run as hooks, and what they are given. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/hook_check.h"
#include "../../daemon/hook_json.h"
#include "../../daemon/rpc_reply.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];
static char path[128];

static int begin(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/tuyhXXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/tip.new", directory);
	FILE *file = fopen(path, "we");
	return file && fclose(file) == 0 && chmod(path, 0700) == 0 ? 0 : -1;
}

static int end(void **state)
{
	char command[160];
	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", directory);
	return system(command);
}

static void a_file_of_ones_own_is_good(void **state)
{
	(void)state;
	assert_int_equal(hook_check(directory, "tip.new"), HOOK_GOOD);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(hook_check(directory, "tip.new"), HOOK_GOOD);
	assert_int_equal(hook_check(directory, "ask.new"), HOOK_ABSENT);
	assert_int_equal(hook_check("/does/not/exist", "ask.new"), HOOK_ABSENT);
}

static void what_others_may_change_is_not(void **state)
{
	(void)state;
	assert_int_equal(chmod(path, 0720), 0);
	assert_int_equal(hook_check(directory, "tip.new"), HOOK_OPEN);
	assert_int_equal(chmod(path, 0702), 0);
	assert_int_equal(hook_check(directory, "tip.new"), HOOK_OPEN);
	assert_int_equal(chmod(path, 0077 & ~0022), 0);
	assert_int_equal(hook_check(directory, "tip.new"), HOOK_NOT_EXECUTABLE);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(chmod(directory, 0770), 0);
	assert_int_equal(hook_check(directory, "tip.new"), HOOK_DIRECTORY);
	assert_int_equal(chmod(directory, 0707), 0);
	assert_int_equal(hook_check(directory, "tip.new"), HOOK_DIRECTORY);
	assert_int_equal(chmod(directory, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
		assert_int_equal(hook_check(directory, "tip.new"), HOOK_OWNER);
		assert_int_equal(chown(directory, 65534, (gid_t)-1), 0);
		assert_int_equal(hook_check(directory, "tip.new"), HOOK_DIRECTORY);
	}
}

static void links_stay_in_the_directory(void **state)
{
	char link[128];
	(void)state;
	snprintf(link, sizeof link, "%s/ask.new", directory);
	assert_int_equal(symlink("tip.new", link), 0);
	assert_int_equal(hook_check(directory, "ask.new"), HOOK_GOOD);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink(path, link), 0); /* the same file, but by its whole path */
	assert_int_equal(hook_check(directory, "ask.new"), HOOK_NOT_A_FILE);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("ask.new", link), 0); /* to itself */
	assert_int_equal(hook_check(directory, "ask.new"), HOOK_NOT_A_FILE);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(mkdir(link, 0700), 0);
	assert_int_equal(hook_check(directory, "ask.new"), HOOK_NOT_A_FILE);
	snprintf(link, sizeof link, "%s.link", directory);
	assert_int_equal(symlink(directory, link), 0);
	assert_int_equal(hook_check(link, "tip.new"), HOOK_DIRECTORY);
	assert_int_equal(unlink(link), 0);
}

/* ---- what they are given ---- */

static void object_put(struct rpc_out *out, const char *key)
{
	static const char *const sealed[] = { "sealed",    "outcome", "claimants",  "answers",
		                              "passed_by", "thanks",  "why_private" };
	rpc_open_map(out, key);
	rpc_put_str(out, "title", "\"\\\n\x01 é");
	rpc_put_str(out, "state", "quoted");
	for (size_t i = 0; i < sizeof sealed / sizeof sealed[0]; i++)
		rpc_put_str(out, sealed[i], "secret");
	rpc_open_map(out, "award");
	rpc_put_str(out, "to", "bruno");
	rpc_put_str(out, "step", "secret");
	rpc_put_str(out, "step_at", "secret");
	rpc_close_one(out);
	rpc_open_array(out, "tags");
	rpc_put_str(out, NULL, "sealed");
	rpc_put_nil(out, NULL);
	rpc_close_one(out);
	rpc_close_one(out);
}

static json_t *given(enum hook_sealed sealed, char **text)
{
	struct rpc_out out = { 0 };
	size_t len = 0;
	rpc_open_map(&out, NULL);
	rpc_put_str(&out, "event", "tip.awarded");
	rpc_put_flag(&out, "flag", true);
	rpc_put_uint(&out, "most", UINT64_MAX >> 1);
	rpc_put_int(&out, "least", -7);
	object_put(&out, "object");
	rpc_open_array(&out, "objects");
	object_put(&out, NULL);
	rpc_close_one(&out);
	rpc_close_one(&out);
	*text = hook_json((struct tuy_bytes){ out.p, out.len }, sealed, &len);
	rpc_out_clear(&out);
	assert_non_null(*text);
	assert_int_equal(strlen(*text), len);
	assert_ptr_equal(strchr(*text, '\n'), *text + len - 1); /* one line */
	json_t *document = json_loads(*text, 0, NULL);
	assert_non_null(document);
	return document;
}

static void all_of_it_as_json(void **state)
{
	char *text;
	json_t *event = given(HOOK_WITH_SEALED, &text);
	json_t *object = json_object_get(event, "object");
	(void)state;
	assert_int_equal(json_integer_value(json_object_get(event, "least")), -7);
	assert_int_equal(json_integer_value(json_object_get(event, "most")), INT64_MAX);
	assert_true(json_is_true(json_object_get(event, "flag")));
	assert_string_equal(json_string_value(json_object_get(object, "title")), "\"\\\n\x01 é");
	assert_string_equal(json_string_value(json_object_get(object, "state")), "quoted");
	assert_string_equal(json_string_value(json_object_get(object, "outcome")), "secret");
	assert_int_equal(json_object_size(object), 11);
	json_decref(event);
	free(text);
}

static void nothing_that_is_sealed(void **state)
{
	char *text;
	json_t *event = given(HOOK_WITHOUT_SEALED, &text);
	json_t *object = json_object_get(event, "object");
	(void)state;
	assert_null(strstr(text, "secret"));
	assert_string_equal(json_string_value(json_object_get(object, "state")), "awarded");
	assert_int_equal(json_object_size(object), 4);
	assert_int_equal(json_object_size(json_object_get(object, "award")), 1);
	assert_true(json_equal(object, json_array_get(json_object_get(event, "objects"), 0)));
	json_decref(event);
	free(text);
}

static void of_what_only_some_can_read_no_word(void **state)
{
	struct rpc_out out = { 0 };
	size_t len = 0;
	(void)state;
	rpc_open_map(&out, NULL);
	rpc_open_map(&out, "object");
	rpc_put_str(&out, "id", "7KQ2M9XD");
	rpc_put_str(&out, "text", "secret");
	rpc_open_map(&out, "company");
	rpc_put_str(&out, "name", "secret");
	rpc_close_one(&out);
	rpc_put_flag(&out, "private", true);
	rpc_close_one(&out);
	rpc_close_one(&out);
	char *text = hook_json((struct tuy_bytes){ out.p, out.len }, HOOK_WITHOUT_SEALED, &len);
	assert_string_equal(text, "{\"object\":{\"id\":\"7KQ2M9XD\",\"private\":true}}\n");
	free(text);
	text = hook_json((struct tuy_bytes){ out.p, out.len }, HOOK_WITH_SEALED, &len);
	assert_non_null(strstr(text, "secret"));
	free(text);
	rpc_out_clear(&out);
}

static void no_document_gives_nothing(void **state)
{
	static const uint8_t cut[] = { 0x81, 0xa1 };
	size_t len;
	(void)state;
	assert_null(hook_json((struct tuy_bytes){ cut, sizeof cut }, HOOK_WITH_SEALED, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_of_ones_own_is_good, begin, end),
		cmocka_unit_test_setup_teardown(what_others_may_change_is_not, begin, end),
		cmocka_unit_test_setup_teardown(links_stay_in_the_directory, begin, end),
		cmocka_unit_test(all_of_it_as_json),
		cmocka_unit_test(nothing_that_is_sealed),
		cmocka_unit_test(of_what_only_some_can_read_no_word),
		cmocka_unit_test(no_document_gives_nothing),
	};
	return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
