/*
 * The file, four lines (the third only with a certificate), every length fixed:
 *     tuyau identity 1
 *     device BASE32(device secret)
 *     cert BASE32(certificate)
 *     check BASE32(BLAKE2b-128 of all before this line)
 */
#include "keys.h"
#include "../proto/hash.h"
#include "lang.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TITLE         "tuyau identity "
#define TITLE_LINE    TITLE "1\n"
#define DEVICE_WORD   "device "
#define CERT_WORD     "cert "
#define CHECK_WORD    "check "
#define CHECK_SIZE    16
#define BASE32_LEN(n) (((n)*8 + 4) / 5)
#define LEN(literal)  (sizeof(literal) - 1)

enum {
	DEVICE_LINE = LEN(DEVICE_WORD) + BASE32_LEN(32) + 1,
	CERT_LINE = LEN(CERT_WORD) + BASE32_LEN(TUY_CERT_SIZE) + 1,
	CHECK_LINE = LEN(CHECK_WORD) + BASE32_LEN(CHECK_SIZE) + 1,
	SIZE_BARE = LEN(TITLE_LINE) + DEVICE_LINE + CHECK_LINE,
	SIZE_CERTIFIED = SIZE_BARE + CERT_LINE,
	ROOM = SIZE_CERTIFIED + 2 /* one more byte than any good file, and a NUL */
};

/* The text of an identity, in locked memory. */
struct text {
	size_t len;
	char b[ROOM];
};

static void line_put(struct text *t, const char *word, const void *p, size_t len)
{
	int n = snprintf(t->b + t->len, ROOM - t->len, "%s", word);
	tuy_require(n > 0 && t->len + (size_t)n + BASE32_LEN(len) + 1 < ROOM);
	t->len += (size_t)n;
	tuy_base32_encode((struct tuy_bytes){ p, len }, t->b + t->len);
	t->len += BASE32_LEN(len);
	t->b[t->len++] = '\n';
	t->b[t->len] = '\0';
}

static void check_make(const char *p, size_t len, uint8_t check[CHECK_SIZE])
{
	int bad = crypto_generichash(check, CHECK_SIZE, (const uint8_t *)p, len, NULL, 0);
	tuy_require(bad == 0);
}

static void text_make(const struct keys *keys, struct text *t)
{
	uint8_t check[CHECK_SIZE];
	memcpy(t->b, TITLE_LINE, sizeof(TITLE_LINE));
	t->len = LEN(TITLE_LINE);
	line_put(t, DEVICE_WORD, keys->device_secret.b, 32);
	if (keys->certified)
		line_put(t, CERT_WORD, &keys->cert, sizeof(keys->cert));
	check_make(t->b, t->len, check);
	line_put(t, CHECK_WORD, check, sizeof(check));
}

/* One line of exactly `word` and the base32 of `len` bytes, in the one form that is written. */
static bool line_take(const struct text *t, size_t *at, const char *word, void *out, size_t len)
{
	size_t word_len = strlen(word);
	size_t digits = BASE32_LEN(len);
	size_t got = 0;
	if (t->len - *at < word_len + digits + 1 || memcmp(t->b + *at, word, word_len) != 0)
		return false;
	const char *p = t->b + *at + word_len;
	for (size_t i = 0; i < digits; i++)
		if (!((p[i] >= 'A' && p[i] <= 'Z') || (p[i] >= '2' && p[i] <= '7')))
			return false;
	struct tuy_bytes in = { (const uint8_t *)p, digits };
	*at += word_len + digits + 1;
	return p[digits] == '\n' && tuy_base32_decode(in, out, len, &got) == TUY_OK && got == len;
}

static bool cert_is_ours(const struct keys *k)
{
	return memcmp(&k->cert.device, &k->device.device, sizeof(k->cert.device)) == 0 &&
	       memcmp(&k->cert.link_pk, &k->device.link_pk, sizeof(k->cert.link_pk)) == 0 &&
	       memcmp(&k->cert.box_pk, &k->device.box_pk, sizeof(k->cert.box_pk)) == 0 &&
	       memcmp(&k->cert.letter_pk, &k->device.letter_pk, sizeof(k->cert.letter_pk)) == 0 &&
	       tuy_cert_check(&k->cert) == TUY_OK;
}

static int damaged(const char *path, const char *what, struct store_error *error)
{
	return log_error_set(error, "T-IDENTITY-DAMAGED",
	                     "Put a good copy back, or move the whole home away to begin anew.",
	                     "%s: the identity is damaged (%s); it was not touched.", path,
	                     lang_text(lang_start(), what));
}

static int text_parse(const char *path, const struct text *t, struct keys *keys,
                      struct store_error *error)
{
	uint8_t check[CHECK_SIZE];
	uint8_t want[CHECK_SIZE];
	size_t at = LEN(TITLE_LINE);
	if (t->len < LEN(TITLE_LINE) || memcmp(t->b, TITLE, LEN(TITLE)) != 0)
		return damaged(path, N_("it does not begin as one"), error);
	if (memcmp(t->b, TITLE_LINE, LEN(TITLE_LINE)) != 0)
		return log_error_set(error, "T-IDENTITY-VERSION", "Use the newer tuyaud.",
		                     "%s: the identity was written by a later version.", path);
	if (t->len != SIZE_BARE && t->len != SIZE_CERTIFIED)
		return log_error_set(
			error, "T-IDENTITY-SIZE",
			"Put a good copy back, or move the whole home away to begin anew.",
			t->len < SIZE_BARE || (t->len < SIZE_CERTIFIED && t->len > SIZE_BARE)
				? "%s: the identity has fewer bytes than %d; it was not touched."
				: "%s: the identity has more bytes than %d; it was not touched.",
			path, t->len < SIZE_BARE ? (int)SIZE_BARE : (int)SIZE_CERTIFIED);
	keys->certified = t->len == SIZE_CERTIFIED;
	if (!line_take(t, &at, DEVICE_WORD, keys->device_secret.b, 32) ||
	    (keys->certified && !line_take(t, &at, CERT_WORD, &keys->cert, sizeof(keys->cert))))
		return damaged(path, N_("a line is not as it should be"), error);
	check_make(t->b, at, want);
	if (!line_take(t, &at, CHECK_WORD, check, sizeof(check)) || at != t->len ||
	    sodium_memcmp(check, want, sizeof(check)) != 0)
		return damaged(path, N_("its check does not fit"), error);
	tuy_device_keys_derive(&keys->device_secret, &keys->device);
	if (keys->certified && !cert_is_ours(keys))
		return damaged(path, N_("its certificate is for other keys"), error);
	return 0;
}

static int file_check(const char *path, const struct stat *st, struct store_error *error)
{
	if (!S_ISREG(st->st_mode))
		return log_error_set(
			error, "T-IDENTITY-KIND", "Move it away and put the identity back.",
			S_ISDIR(st->st_mode)
				? "%s: there is a directory where the identity must be."
				: "%s: there is a special file where the identity must "
				  "be.",
			path);
	if (st->st_uid != geteuid())
		return log_error_set(error, "T-IDENTITY-OWNER",
		                     "Run tuyaud as the user it belongs to.",
		                     "%s: the identity belongs to another user (uid %u).", path,
		                     (unsigned int)st->st_uid);
	if ((st->st_mode & 077) != 0) {
		log_error_set(error, "T-IDENTITY-MODE", "",
		              "%s: others can read the identity (mode %04o).", path,
		              (unsigned int)(st->st_mode & 07777));
		snprintf(error->hint, sizeof(error->hint), "chmod 600 %s", path);
		return -1;
	}
	return 0;
}

static int read_failed(const char *path, int err, struct store_error *error)
{
	if (err == ELOOP)
		return log_error_set(
			error, "T-IDENTITY-KIND", "Put the file itself there, or give its --home.",
			"%s: there is a symbolic link where the identity must be.", path);
	if (err == EACCES || err == EPERM)
		return log_error_set(error, "T-IDENTITY-PERMISSION",
		                     "Run tuyaud as the user it belongs to, or chmod 600 it.",
		                     "%s: the identity cannot be read (%s).", path,
		                     lang_errno(lang_start(), err));
	return log_error_set(error, "T-IDENTITY-READ", "Check the disk.",
	                     "%s: the identity cannot be read (%s).", path,
	                     lang_errno(lang_start(), err));
}

/* 0 with *found, or -1 with `error`. */
static int file_read(const char *path, struct text *t, bool *found, struct store_error *error)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	*found = fd >= 0 || errno != ENOENT;
	if (fd < 0)
		return *found ? read_failed(path, errno, error) : 0;
	int bad = fstat(fd, &st) != 0 ? read_failed(path, errno, error)
	                              : file_check(path, &st, error);
	t->len = 0;
	while (!bad && t->len < ROOM - 1) {
		ssize_t n = read(fd, t->b + t->len, ROOM - 1 - t->len);
		if (n < 0 && errno != EINTR)
			bad = read_failed(path, errno, error);
		if (n == 0)
			break;
		t->len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return bad;
}

static int write_failed(const char *path, int err, struct store_error *error)
{
	return log_error_set(error, "T-IDENTITY-WRITE",
	                     err == ENOSPC || err == EDQUOT ? "Make room on the disk."
	                                                    : "Check the directory and the disk.",
	                     "%s: the identity cannot be written (%s).", path,
	                     lang_errno(lang_start(), err));
}

static int all_write(int fd, const struct text *t)
{
	for (size_t at = 0; at < t->len;) {
		ssize_t n = write(fd, t->b + at, t->len - at);
		if (n < 0 && errno != EINTR)
			return -1;
		at += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd);
}

static int directory_sync(const char *path)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	if (len >= sizeof(dir))
		return -1;
	memcpy(dir, path, len);
	memcpy(dir + len, len > 0 ? "" : slash ? "/" : ".", len > 0 ? 1 : 2);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int bad = fsync(fd);
	close(fd);
	return bad;
}

/* The old file stays whole until the new one is durable. */
static int file_write(const char *path, const struct text *t, struct store_error *error)
{
	char temporary[4096];
	int n = snprintf(temporary, sizeof(temporary), "%s.new", path);
	if (n <= 0 || (size_t)n >= sizeof(temporary))
		return write_failed(path, ENAMETOOLONG, error);
	if (unlink(temporary) != 0 && errno != ENOENT) /* left by a crash; nothing used it */
		return write_failed(path, errno, error);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return write_failed(path, errno, error);
	int err = all_write(fd, t) != 0 ? errno : 0;
	if (close(fd) != 0 && !err)
		err = errno;
	if (!err && rename(temporary, path) != 0)
		err = errno;
	if (err) {
		unlink(temporary);
		return write_failed(path, err, error);
	}
	return directory_sync(path) == 0 ? 0 : write_failed(path, errno, error);
}

static int keys_write(const char *path, const struct keys *keys, struct text *t,
                      struct store_error *error)
{
	text_make(keys, t);
	return file_write(path, t, error);
}

static int keys_make(const char *path, enum keys_absent absent, struct keys *keys, struct text *t,
                     struct store_error *error)
{
	if (absent == KEYS_REFUSE_ABSENT)
		return log_error_set(
			error, "T-IDENTITY-MISSING",
			"Put the identity back, or move the store away to begin anew.",
			"%s: the identity is missing, but there is a store that belongs to one.",
			path);
	randombytes_buf(keys->device_secret.b, sizeof(keys->device_secret.b));
	tuy_device_keys_derive(&keys->device_secret, &keys->device);
	return keys_write(path, keys, t, error);
}

int keys_open(const char *path, enum keys_absent absent, struct keys **keys,
              struct store_error *error)
{
	bool found = false;
	*keys = NULL;
	struct keys *k = sodium_malloc(sizeof(*k));
	struct text *t = sodium_malloc(sizeof(*t));
	int bad = -1;
	if (k && t) {
		memset(k, 0, sizeof(*k));
		memset(t, 0, sizeof(*t));
		bad = file_read(path, t, &found, error);
		if (!bad)
			bad = found ? text_parse(path, t, k, error)
			            : keys_make(path, absent, k, t, error);
	} else {
		log_error_set(error, "T-MEMORY", "Close other programs.",
		              "There is no memory for the identity.");
	}
	sodium_free(t);
	if (bad)
		sodium_free(k);
	else
		*keys = k;
	return bad;
}

void keys_close(struct keys *keys)
{
	sodium_free(keys);
}

int keys_certify(struct keys *keys, const char *path, const struct tuy_cert *cert,
                 struct store_error *error)
{
	struct text *t = sodium_malloc(sizeof(*t));
	if (!t)
		return log_error_set(error, "T-MEMORY", "Close other programs.",
		                     "There is no memory for the identity.");
	memset(t, 0, sizeof(*t));
	struct tuy_cert cert_before = keys->cert;
	bool certified_before = keys->certified;
	keys->cert = *cert;
	keys->certified = true;
	int bad = keys_write(path, keys, t, error);
	if (bad) {
		keys->cert = cert_before;
		keys->certified = certified_before;
	}
	sodium_free(t);
	return bad;
}
