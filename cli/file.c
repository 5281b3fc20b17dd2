#include "file.h"
#include "memory.h"
#include "words.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_FIRST 65536

static int read_error(const char *path, int error, struct failure *failure)
{
	if (error == ENOENT)
		return errors_set(failure, EXIT_NOT_FOUND, "T-NOT-FOUND", "ls",
		                  "There is no file %s.", path);
	return errors_set(failure, EXIT_OTHER, "T-INPUT", "ls -l", "%s cannot be read (%s).", path,
	                  words_errno(error));
}

/* All that is left of `fd`. 0, or an errno; EFBIG over the bound. */
static int all_read(int fd, struct tuy_bytes *bytes)
{
	size_t room = READ_FIRST;
	size_t len = 0;
	uint8_t *p = memory_check(malloc(room));
	for (;;) {
		ssize_t got = read(fd, p + len, room - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || len + (size_t)got > FILE_READ_MAX) {
			int error = got < 0 ? errno : got > 0 ? EFBIG : 0;
			*bytes = (struct tuy_bytes){ p, len };
			return error;
		}
		len += (size_t)got;
		if (len == room) {
			room *= 2;
			p = memory_check(realloc(p, room));
		}
	}
}

int file_read(const char *path, struct tuy_bytes *bytes, struct failure *failure)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return read_error(path, errno, failure);
	int error = all_read(fd, bytes);
	close(fd);
	if (error == 0)
		return 0;
	free((void *)(uintptr_t)bytes->p);
	*bytes = (struct tuy_bytes){ 0 };
	if (error == EFBIG)
		return errors_set(failure, EXIT_OTHER, "T-TOO-MUCH", "minisign -Vm FILE -P KEY",
		                  "%s has more than 1 GiB.", path);
	return read_error(path, error, failure);
}

int file_read_if(const char *path, struct tuy_bytes *bytes, struct failure *failure)
{
	*bytes = (struct tuy_bytes){ 0 };
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 1;
	return file_read(path, bytes, failure);
}

char *file_path(const char *a, const char *b)
{
	size_t size = strlen(a) + strlen(b) + 1;
	char *path = memory_check(malloc(size));
	snprintf(path, size, "%s%s", a, b);
	return path;
}

/* Writes the file beside its place. 0 or an errno; then nothing is left of it. */
static int part_write(const char *path, const char *text, mode_t mode)
{
	unlink(path); /* one that was left behind may have another mode */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return errno;
	int error = dprintf(fd, "%s", text) < 0 ? errno : 0;
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error != 0)
		unlink(path);
	return error;
}

int file_write(const char *dir, const char *name, const char *text, struct failure *failure)
{
	return file_write_as(dir, name, text, 0644, failure);
}

int file_write_as(const char *dir, const char *name, const char *text, mode_t mode,
                  struct failure *failure)
{
	char *within = file_path(dir, "/");
	char *path = file_path(within, name);
	char *part = file_path(path, ".part");
	int error = part_write(part, text, mode);
	if (error == 0 && rename(part, path) != 0) {
		error = errno;
		unlink(part);
	}
	int result = 0;
	if (error != 0)
		result = errors_set(failure, EXIT_OTHER, "T-OUTPUT", "Give another directory.",
		                    "%s cannot be written (%s).", path, words_errno(error));
	free(within);
	free(path);
	free(part);
	return result;
}
