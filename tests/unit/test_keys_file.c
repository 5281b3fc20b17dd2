/* The identity file: what is refused is never overwritten. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/keys.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM 2048

static char dir[64];
static char path[128];
static struct store_error error;

static int begin(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/tuyau-keys-XXXXXX");
	memset(&error, 0, sizeof(error));
	if (sodium_init() < 0 || !mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/identity", dir);
	return 0;
}

static int end(void **state)
{
	char command[256];
	(void)state;
	snprintf(command, sizeof(command), "chmod -R u+rwx %s && rm -rf %s", dir, dir);
	return system(command);
}

static struct keys *opened(enum keys_absent absent)
{
	struct keys *keys = NULL;
	if (keys_open(path, absent, &keys, &error) != 0)
		fail_msg("%s %s", error.code, error.message);
	return keys;
}

static size_t file_read(char out[ROOM])
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t len = fread(out, 1, ROOM, file);
	fclose(file);
	return len;
}

static void file_write(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

/* Opening fails with the code, and the bytes stay. */
static void refused(const char *text, size_t len, const char *code)
{
	char after[ROOM];
	struct keys *keys = (struct keys *)1;
	file_write(text, len);
	assert_int_equal(keys_open(path, KEYS_CREATE_ABSENT, &keys, &error), -1);
	assert_null(keys);
	assert_string_equal(error.code, code);
	assert_true(error.hint[0] != '\0');
	assert_int_equal(file_read(after), len);
	assert_memory_equal(after, text, len);
}

static struct tuy_cert cert_make(const struct keys *keys)
{
	struct tuy_secret seed = { { 7 } };
	struct tuy_recovery_key recovery;
	tuy_recovery_key_derive(&seed, &recovery);
	return tuy_cert_create(&recovery, &keys->device);
}

static void made_once(void **state)
{
	struct stat st;
	(void)state;
	struct keys *a = opened(KEYS_CREATE_ABSENT);
	struct keys *b = opened(KEYS_CREATE_ABSENT);
	assert_false(a->certified);
	assert_memory_equal(&a->device_secret, &b->device_secret, sizeof(a->device_secret));
	assert_memory_equal(&a->device, &b->device, sizeof(a->device));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	keys_close(a);
	assert_int_equal(unlink(path), 0);
	a = opened(KEYS_CREATE_ABSENT);
	assert_memory_not_equal(&a->device_secret, &b->device_secret, sizeof(a->device_secret));
	keys_close(a);
	keys_close(b);
}

static void certified(void **state)
{
	(void)state;
	struct keys *keys = opened(KEYS_CREATE_ABSENT);
	struct tuy_cert cert = cert_make(keys);
	assert_int_equal(keys_certify(keys, path, &cert, &error), 0);
	assert_true(keys->certified);
	struct keys *again = opened(KEYS_REFUSE_ABSENT);
	assert_true(again->certified);
	assert_memory_equal(&again->cert, &cert, sizeof(cert));
	assert_memory_equal(&again->device_secret, &keys->device_secret, 32);
	keys_close(again);
	keys_close(keys);
}

static void missing_with_store(void **state)
{
	struct keys *keys;
	(void)state;
	assert_int_equal(keys_open(path, KEYS_REFUSE_ABSENT, &keys, &error), -1);
	assert_string_equal(error.code, "T-IDENTITY-MISSING");
	assert_int_not_equal(access(path, F_OK), 0);
}

static void every_change_is_seen(void **state)
{
	char good[ROOM];
	char bad[ROOM];
	(void)state;
	struct keys *keys = opened(KEYS_CREATE_ABSENT);
	struct tuy_cert cert = cert_make(keys);
	assert_int_equal(keys_certify(keys, path, &cert, &error), 0);
	keys_close(keys);
	size_t len = file_read(good);
	for (size_t i = 0; i < len; i++) {
		memcpy(bad, good, len);
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		file_write(bad, len);
		assert_int_equal(keys_open(path, KEYS_CREATE_ABSENT, &keys, &error), -1);
		assert_null(keys);
	}
	for (size_t cut = 0; cut < len; cut++) {
		file_write(good, cut);
		assert_int_equal(keys_open(path, KEYS_CREATE_ABSENT, &keys, &error), -1);
		assert_null(keys);
	}
	file_write(good, len);
	keys_close(opened(KEYS_REFUSE_ABSENT));
}

static void each_fault_its_code(void **state)
{
	char good[ROOM];
	char bad[ROOM];
	(void)state;
	keys_close(opened(KEYS_CREATE_ABSENT));
	size_t len = file_read(good);
	refused("", 0, "T-IDENTITY-DAMAGED");
	refused(good, len - 1, "T-IDENTITY-SIZE");
	memcpy(bad, good, len);
	bad[len] = '\n';
	refused(bad, len + 1, "T-IDENTITY-SIZE");
	memset(bad + len, 'A', ROOM - len);
	refused(bad, ROOM, "T-IDENTITY-SIZE");
	memcpy(bad, good, len);
	bad[40] = bad[40] == 'A' ? 'B' : 'A';
	refused(bad, len, "T-IDENTITY-DAMAGED");
	memcpy(bad, good, len);
	bad[strlen("tuyau identity ")] = '2';
	refused(bad, len, "T-IDENTITY-VERSION");
}

static void kinds_and_modes(void **state)
{
	struct keys *keys;
	(void)state;
	keys_close(opened(KEYS_CREATE_ABSENT));
	static const mode_t modes[] = { 0640, 0604, 0660, 0601 };
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(keys_open(path, KEYS_CREATE_ABSENT, &keys, &error), -1);
		assert_string_equal(error.code, "T-IDENTITY-MODE");
		assert_non_null(strstr(error.hint, "chmod 600 "));
	}
	if (geteuid() != 0) {
		assert_int_equal(chmod(path, 0200), 0);
		assert_int_equal(keys_open(path, KEYS_CREATE_ABSENT, &keys, &error), -1);
		assert_string_equal(error.code, "T-IDENTITY-PERMISSION");
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(keys_open(path, KEYS_CREATE_ABSENT, &keys, &error), -1);
	assert_string_equal(error.code, "T-IDENTITY-KIND");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(keys_open(path, KEYS_CREATE_ABSENT, &keys, &error), -1);
	assert_string_equal(error.code, "T-IDENTITY-KIND");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(keys_open(path, KEYS_CREATE_ABSENT, &keys, &error), -1);
	assert_string_equal(error.code, "T-IDENTITY-KIND");
}

static void failed_write_changes_nothing(void **state)
{
	char before[ROOM];
	char after[ROOM];
	char in_the_way[160];
	(void)state;
	struct keys *keys = opened(KEYS_CREATE_ABSENT);
	struct tuy_cert cert = cert_make(keys);
	size_t len = file_read(before);
	snprintf(in_the_way, sizeof(in_the_way), "%s.new", path);
	assert_int_equal(mkdir(in_the_way, 0700), 0);
	assert_int_equal(keys_certify(keys, path, &cert, &error), -1);
	assert_string_equal(error.code, "T-IDENTITY-WRITE");
	assert_false(keys->certified);
	assert_int_equal(file_read(after), len);
	assert_memory_equal(before, after, len);
	assert_int_equal(rmdir(in_the_way), 0);
	assert_int_equal(keys_certify(keys, path, &cert, &error), 0);
	keys_close(keys);
}

static void left_by_a_crash(void **state)
{
	char left[160];
	(void)state;
	snprintf(left, sizeof(left), "%s.new", path);
	FILE *file = fopen(left, "w");
	assert_non_null(file);
	fputs("half", file);
	fclose(file);
	keys_close(opened(KEYS_CREATE_ABSENT));
	assert_int_not_equal(access(left, F_OK), 0);
	keys_close(opened(KEYS_REFUSE_ABSENT));
}

#define TEST(sentence, fn)                                                                         \
	{                                                                                          \
		sentence, fn, begin, end, NULL                                                     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("is made once, for its owner only, and stays the same", made_once),
		TEST("keeps the certificate", certified),
		TEST("refuses to make one where a store is", missing_with_store),
		TEST("sees every changed byte and every cut", every_change_is_seen),
		TEST("gives each fault its code and leaves the file alone", each_fault_its_code),
		TEST("refuses open modes, links, directories and pipes", kinds_and_modes),
		TEST("changes nothing when it cannot write", failed_write_changes_nothing),
		TEST("clears away what a crash left", left_by_a_crash),
	};
	return cmocka_run_group_tests_name("keys_file", tests, NULL, NULL);
}
