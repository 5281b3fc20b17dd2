/* Where the files of a home lie, and the 107 bytes of a socket's path. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/paths.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64];
static struct paths paths;
static struct paths_error error;

static int begin(void **state)
{
	(void)state;
	strcpy(top, "/tmp/tuyau-paths-XXXXXX");
	unsetenv("TUYAU_HOME");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_DATA_HOME");
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	setenv("HOME", "/home/lise", 1);
	memset(&error, 0, sizeof(error));
	return mkdtemp(top) ? 0 : -1;
}

static int end(void **state)
{
	char command[256];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void everything_under_home(void **state)
{
	(void)state;
	assert_int_equal(paths_find("/srv/lise/", &paths, &error), 0);
	assert_string_equal(paths.config, "/srv/lise/tuyaud.conf");
	assert_string_equal(paths.identity, "/srv/lise/identity");
	assert_string_equal(paths.store_dir, "/srv/lise/store");
	assert_string_equal(paths.last, "/srv/lise/last");
	assert_string_equal(paths.run_dir, "/srv/lise/run");
	assert_string_equal(paths.socket, "/srv/lise/run/tuyau.sock");
	assert_string_equal(paths.log, "/srv/lise/tuyaud.log");
}

static void option_before_variable(void **state)
{
	(void)state;
	setenv("TUYAU_HOME", "/srv/b", 1);
	assert_int_equal(paths_find(NULL, &paths, &error), 0);
	assert_string_equal(paths.identity, "/srv/b/identity");
	assert_int_equal(paths_find("/srv/a", &paths, &error), 0);
	assert_string_equal(paths.identity, "/srv/a/identity");
	setenv("TUYAU_HOME", "", 1);
	assert_int_equal(paths_find(NULL, &paths, &error), 0);
	assert_string_equal(paths.identity, "/home/lise/.local/share/tuyau/identity");
}

static void relative_home(void **state)
{
	char want[PATHS_MAX];
	(void)state;
	assert_int_equal(chdir(top), 0);
	assert_int_equal(paths_find("lise", &paths, &error), 0);
	snprintf(want, sizeof(want), "%s/lise/identity", top);
	assert_string_equal(paths.identity, want);
	assert_int_equal(chdir("/"), 0);
}

static void xdg_directories(void **state)
{
	(void)state;
	assert_int_equal(paths_find(NULL, &paths, &error), 0);
	assert_string_equal(paths.config, "/home/lise/.config/tuyau/tuyaud.conf");
	assert_string_equal(paths.store_dir, "/home/lise/.local/share/tuyau/store");
	assert_string_equal(paths.socket, "/home/lise/.local/share/tuyau/run/tuyau.sock");
	assert_string_equal(paths.log, "/home/lise/.local/state/tuyau/tuyaud.log");
	setenv("XDG_CONFIG_HOME", "/c", 1);
	setenv("XDG_DATA_HOME", "/d", 1);
	setenv("XDG_STATE_HOME", "relative", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
	assert_int_equal(paths_find(NULL, &paths, &error), 0);
	assert_string_equal(paths.config, "/c/tuyau/tuyaud.conf");
	assert_string_equal(paths.identity, "/d/tuyau/identity");
	assert_string_equal(paths.log, "/home/lise/.local/state/tuyau/tuyaud.log");
	assert_string_equal(paths.socket, "/run/user/1000/tuyau/tuyau.sock");
}

static void socket_of_107_bytes(void **state)
{
	char home[200];
	(void)state;
	size_t len = PATHS_SOCKET_MAX - strlen("/run/tuyau.sock");
	memset(home, 'a', sizeof(home));
	home[0] = '/';
	home[len] = '\0';
	assert_int_equal(paths_find(home, &paths, &error), 0);
	assert_int_equal(strlen(paths.socket), 107);
	home[len] = 'a';
	home[len + 1] = '\0';
	assert_int_equal(paths_find(home, &paths, &error), -1);
	assert_string_equal(error.code, "T-SOCKET-PATH");
	assert_non_null(strstr(error.message, "is 108 bytes, at most 107"));
	assert_true(error.hint[0] != '\0');
}

static void home_too_long(void **state)
{
	char home[PATHS_MAX + 10];
	(void)state;
	memset(home, 'a', sizeof(home));
	home[0] = '/';
	home[sizeof(home) - 1] = '\0';
	assert_int_equal(paths_find(home, &paths, &error), -1);
	assert_string_equal(error.code, "T-PATH");
	home[PATHS_MAX - 5] = '\0';
	assert_int_equal(paths_find(home, &paths, &error), -1);
	assert_string_equal(error.code, "T-PATH");
	assert_int_equal(paths_find("", &paths, &error), -1);
	assert_string_equal(error.code, "T-USAGE");
}

static unsigned int mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void directories_made(void **state)
{
	char home[128];
	(void)state;
	snprintf(home, sizeof(home), "%s/a/b", top);
	assert_int_equal(paths_find(home, &paths, &error), 0);
	assert_int_equal(paths_create(&paths, &error), 0);
	assert_int_equal(mode_of(paths.data_dir), 0700);
	assert_int_equal(mode_of(paths.run_dir), 0700);
	assert_int_equal(chmod(paths.run_dir, 0755), 0);
	assert_int_equal(paths_create(&paths, &error), 0);
	assert_int_equal(mode_of(paths.run_dir), 0700);
}

static void file_in_the_way(void **state)
{
	char home[128];
	(void)state;
	snprintf(home, sizeof(home), "%s/file", top);
	FILE *file = fopen(home, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(paths_find(home, &paths, &error), 0);
	assert_int_equal(paths_create(&paths, &error), -1);
	assert_string_equal(error.code, "T-PATH");
	assert_non_null(strstr(error.message, home));
}

static void run_directory_of_others(void **state)
{
	char run[160];
	(void)state;
	snprintf(run, sizeof(run), "%s/run", top);
	assert_int_equal(symlink("/tmp", run), 0);
	assert_int_equal(paths_find(top, &paths, &error), 0);
	assert_int_equal(paths_create(&paths, &error), -1);
	assert_string_equal(error.code, "T-PERMISSION");
}

#define TEST(sentence, fn)                                                                         \
	{                                                                                          \
		sentence, fn, begin, end, NULL                                                     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("a home holds everything", everything_under_home),
		TEST("--home goes before TUYAU_HOME, an empty one counts as none",
		     option_before_variable),
		TEST("a relative home is taken from the working directory", relative_home),
		TEST("without a home the XDG directories are used, relative ones ignored",
		     xdg_directories),
		TEST("a socket path of 107 bytes is taken, one of 108 refused with its length",
		     socket_of_107_bytes),
		TEST("a home that is too long or empty is refused", home_too_long),
		TEST("directories are made for nobody else, and run/ is closed again",
		     directories_made),
		TEST("a file in the way is named", file_in_the_way),
		TEST("a run directory that is not one is refused", run_directory_of_others),
	};
	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
