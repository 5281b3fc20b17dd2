/* The object that was shown last, kept in the home. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../cli/last.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID       "7KQ2M9XDW3A1T0RB"
#define OTHER_ID "C3WN000000000000"

static char top[64];
static struct paths paths;
static char id[TUY_OBJECT_TEXT];

static int begin(void **state)
{
	struct paths_error error;
	(void)state;
	strcpy(top, "/tmp/tuyau-last-XXXXXX");
	return mkdtemp(top) ? paths_find(top, &paths, &error) : -1;
}

static int end(void **state)
{
	(void)state;
	unlink(paths.last);
	return rmdir(top);
}

static void content_put(const char *content)
{
	FILE *file = fopen(paths.last, "w");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void knows_none_in_a_new_home(void **state)
{
	(void)state;
	strcpy(id, ID);
	assert_int_equal(last_find(&paths, id), -1);
	assert_string_equal(id, "");
}

static void keeps_the_newest_id(void **state)
{
	(void)state;
	last_keep(&paths, ID);
	assert_int_equal(last_find(&paths, id), 0);
	assert_string_equal(id, ID);
	last_keep(&paths, OTHER_ID);
	assert_int_equal(last_find(&paths, id), 0);
	assert_string_equal(id, OTHER_ID);
}

static void keeps_it_for_the_owner_alone(void **state)
{
	struct stat st;
	mode_t mask = umask(0);
	(void)state;
	last_keep(&paths, ID);
	umask(mask);
	assert_int_equal(stat(paths.last, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void keeps_only_whole_ids(void **state)
{
	(void)state;
	last_keep(&paths, ID);
	last_keep(&paths, "");
	last_keep(&paths, "7KQ2");
	last_keep(&paths, "C3WN0000000000000");
	last_keep(&paths, "C3WN00000000000U");
	assert_int_equal(last_find(&paths, id), 0);
	assert_string_equal(id, ID);
}

static void takes_a_damaged_file_for_none(void **state)
{
	static const char *const damaged[] = { "", "7KQ2\n", "\033[2J7KQ2M9XDW3A1T" };
	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		content_put(damaged[i]);
		assert_int_equal(last_find(&paths, id), -1);
		assert_string_equal(id, "");
	}
}

static void follows_no_link(void **state)
{
	char target[80];
	struct stat st;
	(void)state;
	snprintf(target, sizeof(target), "%s/elsewhere", top);
	assert_int_equal(symlink(target, paths.last), 0);
	last_keep(&paths, ID);
	assert_int_equal(stat(target, &st), -1);
	assert_int_equal(last_find(&paths, id), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "knows none in a new home", knows_none_in_a_new_home, begin, end, NULL },
		{ "keeps the newest id", keeps_the_newest_id, begin, end, NULL },
		{ "keeps it for the owner alone", keeps_it_for_the_owner_alone, begin, end, NULL },
		{ "keeps only whole ids", keeps_only_whole_ids, begin, end, NULL },
		{ "takes a damaged file for none", takes_a_damaged_file_for_none, begin, end,
		  NULL },
		{ "follows no link", follows_no_link, begin, end, NULL },
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
