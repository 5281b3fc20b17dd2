/* tuyaud.conf: what is wrong is an error with its line. Addresses as text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/address.h"
#include "../../daemon/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];
static struct config config;
static struct store_error error;

static int begin(void **state)
{
	(void)state;
	strcpy(path, "/tmp/tuyau-config-XXXXXX");
	int fd = mkstemp(path);
	config = config_default();
	memset(&error, 0, sizeof(error));
	return fd < 0 ? -1 : close(fd);
}

static int end(void **state)
{
	(void)state;
	return remove(path);
}

static int load(const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return config_load(path, &config, &error);
}

static void refused(const char *text, const char *where, const char *what)
{
	struct config before = config;
	assert_int_equal(load(text), -1);
	assert_string_equal(error.code, "T-CONFIG");
	if (!strstr(error.message, where) || !strstr(error.message, what))
		fail_msg("\"%s\" holds not \"%s\" and \"%s\"", error.message, where, what);
	assert_memory_equal(&before, &config, sizeof(config));
}

static void all_keys(void **state)
{
	char text[CONFIG_ADDRESS_TEXT];
	(void)state;
	assert_int_equal(load("# a comment\n\nlisten = 0.0.0.0:4000\nlog = debug\nname = Zoé\n"
	                      "lan = no\nadvertise = 192.0.2.1:4000, [2001:db8::1]:0\n"
	                      "quiet = 20:00-08:00\nhooks.sealed = yes\n"),
	                 0);
	assert_int_equal(config.listen_count, 1);
	config_address_text(&config.listen[0], text);
	assert_string_equal(text, "0.0.0.0:4000");
	assert_int_equal(config.log, LOG_DEBUG);
	assert_string_equal(config.name, "Zoé");
	assert_false(config.lan);
	assert_int_equal(config.advertise_count, 2);
	config_address_text(&config.advertise[1], text);
	assert_string_equal(text, "[2001:db8::1]:0");
	assert_int_equal(config.quiet.from_min, 20 * 60);
	assert_true(config.hooks_sealed);
}

static void no_file(void **state)
{
	(void)state;
	assert_int_equal(config_load("/nonexistent/tuyaud.conf", &config, &error), 0);
	assert_true(config.lan);
	assert_int_equal(config.listen_count, 0);
	assert_int_equal(config.log, LOG_INFO);
	assert_false(config.quiet.given);
	assert_false(config.hooks_sealed);
}

static void faults_have_lines(void **state)
{
	(void)state;
	refused("listen = 1.2.3.4:5\n\nlissten = 1.2.3.4:5\n", "line 3", "unknown key");
	refused("listen = localhost:5\n", "line 1", "localhost:5");
	refused("#\nlog = loud\n", "line 2", "loud");
	refused("lan = perhaps\n", "line 1", "perhaps");
	refused("lan = yes\nlan = no\n", "line 2", "given twice");
	refused("[network]\nlan = yes\n", "line 2", "network");
	refused("log = info\nthis is no pair\nlog = loud\n", "line 2", "key = value");
	refused("name = a\x07z\n", "line 1", "UTF-8");
	refused("name = a\xffz\n", "line 1", "UTF-8");
	refused("name =\n", "line 1", "1 to 120");
	refused("advertise = 1.2.3.4\n", "line 1", "1.2.3.4");
}

static void long_lines(void **state)
{
	char text[600];
	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "lan = yes\nname = ", 17);
	strcpy(text + 500, "\nlog = debug\n");
	refused(text, "line 2", "too long");
	strcpy(text + 17 + 120, "\nlog = debug\n");
	assert_int_equal(load(text), 0);
	assert_int_equal(strlen(config.name), 120);
	assert_int_equal(config.log, LOG_DEBUG);
}

static void advertise_on_lines(void **state)
{
	(void)state;
	assert_int_equal(load("advertise = 10.0.0.1:1 10.0.0.2:1 10.0.0.3:1 10.0.0.4:1\n"
	                      "advertise = 10.0.0.5:1 10.0.0.6:1 10.0.0.7:1 10.0.0.8:1\n"),
	                 0);
	assert_int_equal(config.advertise_count, 8);
	config = config_default();
	refused("advertise = 10.0.0.1:1 10.0.0.2:1 10.0.0.3:1 10.0.0.4:1\n"
	        "advertise = 10.0.0.5:1 10.0.0.6:1 10.0.0.7:1 10.0.0.8:1 10.0.0.9:1\n",
	        "line 2", "more than 8");
}

static void directory_in_place(void **state)
{
	(void)state;
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(config_load(path, &config, &error), -1);
	assert_string_equal(error.code, "T-CONFIG");
}

static void addresses(void **state)
{
	static const char *const good[] = { "127.0.0.1:0", "0.0.0.0:65535", "[::]:1", "[::1]:28889",
		                            "[2001:db8::a:1]:443" };
	static const char *const bad[] = { "",
		                           "127.0.0.1",
		                           ":1",
		                           "127.0.0.1:",
		                           "1.2.3:4",
		                           "a:1",
		                           "127.0.0.1:65536",
		                           "::1:5",
		                           "[::1]",
		                           "[::1]5:5",
		                           "[127.0.0.1]:5",
		                           "[::1:5",
		                           "1.2.3.4:-1",
		                           "1.2.3.4:+1",
		                           "1.2.3.4: 1",
		                           "1.2.3.4:1x",
		                           "[]:1",
		                           "1.2.3.4:000001" };
	char text[CONFIG_ADDRESS_TEXT];
	struct tuy_address address;
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(config_address_parse(good[i], &address), 0);
		config_address_text(&address, text);
		assert_string_equal(text, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (config_address_parse(bad[i], &address) != -1)
			fail_msg("taken: \"%s\"", bad[i]);
}

static void own_addresses(void **state)
{
	struct tuy_address listen;
	struct tuy_address found[TUY_ADDRESSES_MAX];
	char text[CONFIG_ADDRESS_TEXT];
	(void)state;
	assert_int_equal(config_address_parse("127.0.0.1:4000", &listen), 0);
	assert_int_equal(address_own_find(&listen, 1, &config, found), 1);
	assert_true(address_equal(&found[0], &listen));

	assert_int_equal(config_address_parse("[::]:4000", &listen), 0);
	uint32_t count = address_own_find(&listen, 1, &config, found);
	assert_true(count >= 1 && count <= TUY_ADDRESSES_MAX);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(found[i].port, 4000);
		assert_false(address_is_any(&found[i]));
	}

	assert_int_equal(load("advertise = 192.0.2.7:0\n"), 0);
	assert_int_equal(address_own_find(&listen, 1, &config, found), 1);
	config_address_text(&found[0], text);
	assert_string_equal(text, "192.0.2.7:4000");
}

static void several_listens(void **state)
{
	struct tuy_address found[TUY_ADDRESSES_MAX];
	(void)state;
	assert_int_equal(load("listen = 127.0.0.1:4000, [::1]:4001\nlisten = 127.0.0.1:4000\n"), 0);
	assert_int_equal(config.listen_count, 3);
	assert_int_equal(address_own_find(config.listen, 3, &config, found), 2); /* each once */
	assert_true(address_equal(&found[0], &config.listen[0]));
	assert_true(address_equal(&found[1], &config.listen[1]));
	config = config_default();
	refused("listen = 1.1.1.1:1, 1.1.1.1:2, 1.1.1.1:3, 1.1.1.1:4, 1.1.1.1:5, 1.1.1.1:6\n"
	        "listen = 1.1.1.1:7, 1.1.1.1:8, 1.1.1.1:9\n",
	        "line 2", "more than 8");
	refused("log = info\nlisten = ,\n", "line 2", "not an ADDRESS");
	refused("listen = 1.1.1.1:1, nowhere:2\n", "line 1", "nowhere:2");
}

static void six_beside_four(void **state)
{
	struct tuy_address list[3];
	(void)state;
	assert_int_equal(config_address_parse("[::]:4000", &list[0]), 0);
	assert_int_equal(config_address_parse("127.0.0.1:4000", &list[1]), 0);
	assert_int_equal(config_address_parse("127.0.0.1:4001", &list[2]), 0);
	assert_false(address_six_only(&list[0], list, 1)); /* takes IPv4 too */
	assert_true(address_six_only(&list[0], list, 2));
	assert_false(address_six_only(&list[1], list, 2));
	list[1] = list[2];
	assert_false(address_six_only(&list[0], list, 3));
}

#define TEST(sentence, fn)                                                                         \
	{                                                                                          \
		sentence, fn, begin, end, NULL                                                     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("reads every key", all_keys),
		TEST("takes several addresses to listen at", several_listens),
		TEST("[::] beside an IPv4 address of the same port takes IPv6 only",
		     six_beside_four),
		TEST("goes without a file", no_file),
		TEST("names the line of each fault and changes nothing", faults_have_lines),
		TEST("refuses a line that would be cut in two", long_lines),
		TEST("takes up to 8 addresses on several lines", advertise_on_lines),
		TEST("refuses a directory in the file's place", directory_in_place),
		TEST("reads and writes addresses in one form", addresses),
		TEST("publishes what is bound, the interfaces, or what is configured",
		     own_addresses),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
