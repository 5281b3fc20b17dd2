/* A directory that is there as a whole or not at all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../cli/bundle.h"

static char dir[64];
static char path[80];
static struct bundle bundle;
static struct failure failure;
static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/tuyau-bundle-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/out", dir);
	signals = 0;
	signal(SIGTERM, on_signal);
	return 0;
}

/* The names in the directory above, without dots. */
static size_t entries(const char *in)
{
	size_t count = 0;
	DIR *listed = opendir(in);
	assert_non_null(listed);
	for (struct dirent *entry = readdir(listed); entry; entry = readdir(listed))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(listed);
	return count;
}

static int tear_down(void **state)
{
	(void)state;
	signal(SIGTERM, SIG_DFL);
	bundle_end(&bundle);
	return rmdir(dir);
}

static void file_put(const char *name)
{
	FILE *out = bundle_open(&bundle, name, &failure);
	assert_non_null(out);
	fputs("text\n", out);
	assert_int_equal(bundle_close(&bundle, &failure), 0);
}

static void out_remove(void)
{
	char name[100];
	snprintf(name, sizeof name, "%s/b/c", path);
	assert_int_equal(unlink(name), 0);
	snprintf(name, sizeof name, "%s/b", path);
	assert_int_equal(rmdir(name), 0);
	snprintf(name, sizeof name, "%s/a", path);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(rmdir(path), 0);
}

static void is_there_when_it_is_finished_and_only_the_owners(void **state)
{
	char name[100];
	struct stat stated;
	(void)state;
	assert_int_equal(bundle_begin(&bundle, path, &failure), 0);
	file_put("a");
	assert_int_equal(bundle_dir(&bundle, "b", &failure), 0);
	file_put("b/c");
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(bundle_finish(&bundle, &failure), 0);
	bundle_end(&bundle);
	assert_int_equal(entries(dir), 1);
	snprintf(name, sizeof name, "%s/b/c", path);
	assert_int_equal(stat(path, &stated), 0);
	assert_int_equal(stated.st_mode & 0777, 0700);
	assert_int_equal(stat(name, &stated), 0);
	assert_int_equal(stated.st_mode & 0777, 0600);
	assert_int_equal(stated.st_size, 5);
	out_remove();
}

static void leaves_nothing_if_it_is_not_finished(void **state)
{
	(void)state;
	assert_int_equal(bundle_begin(&bundle, path, &failure), 0);
	file_put("a");
	assert_int_equal(bundle_dir(&bundle, "b", &failure), 0);
	assert_non_null(bundle_open(&bundle, "b/c", &failure));
	bundle_end(&bundle);
	assert_int_equal(entries(dir), 0);
}

static void leaves_what_is_there_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(bundle_begin(&bundle, path, &failure), -1);
	assert_string_equal(failure.code, "T-EXISTS");
	assert_int_equal(failure.exit, EXIT_CONFLICT);
	bundle_end(&bundle);
	assert_int_equal(rmdir(path), 0);
	/* something that came meanwhile */
	assert_int_equal(bundle_begin(&bundle, path, &failure), 0);
	file_put("a");
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(bundle_finish(&bundle, &failure), -1);
	assert_string_equal(failure.code, "T-EXISTS");
	bundle_end(&bundle);
	assert_int_equal(entries(dir), 1);
	assert_int_equal(rmdir(path), 0);
}

static void an_end_waits_until_what_was_written_is_removed(void **state)
{
	(void)state;
	assert_int_equal(bundle_begin(&bundle, path, &failure), 0);
	file_put("a");
	raise(SIGTERM);
	assert_int_equal(signals, 0);
	assert_non_null(bundle_open(&bundle, "b", &failure));
	assert_int_equal(bundle_close(&bundle, &failure), -1);
	assert_string_equal(failure.code, "T-OUTPUT");
	bundle_end(&bundle);
	assert_int_equal(signals, 1);
	assert_int_equal(entries(dir), 0);
}

static void says_where_it_cannot_be_written(void **state)
{
	char nowhere[100];
	(void)state;
	snprintf(nowhere, sizeof nowhere, "%s/none/out", dir);
	assert_int_equal(bundle_begin(&bundle, nowhere, &failure), -1);
	assert_string_equal(failure.code, "T-OUTPUT");
	assert_non_null(strstr(failure.message, nowhere));
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, set_up, tear_down, NULL                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("is there when it is finished, and the owner's only",
		     is_there_when_it_is_finished_and_only_the_owners),
		TEST("leaves nothing if it is not finished", leaves_nothing_if_it_is_not_finished),
		TEST("leaves what is there as it is", leaves_what_is_there_as_it_is),
		TEST("an end waits until what was written is removed",
		     an_end_waits_until_what_was_written_is_removed),
		TEST("says where it cannot be written", says_where_it_cannot_be_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
