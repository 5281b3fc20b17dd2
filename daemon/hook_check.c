#include "hook_check.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LEN_MAX 256

static bool others_write(const struct stat *st)
{
	return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static enum hook_flaw file_check(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return HOOK_NOT_A_FILE;
	if (st->st_uid != geteuid())
		return HOOK_OWNER;
	if (others_write(st))
		return HOOK_OPEN;
	return (st->st_mode & S_IXUSR) != 0 ? HOOK_GOOD : HOOK_NOT_EXECUTABLE;
}

static enum hook_flaw name_check(int directory, const char *name)
{
	char target[NAME_LEN_MAX];
	struct stat st;
	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? HOOK_ABSENT : HOOK_NOT_A_FILE;
	if (!S_ISLNK(st.st_mode))
		return file_check(&st);
	ssize_t len = readlinkat(directory, name, target, sizeof target - 1);
	if (len <= 0 || len == (ssize_t)sizeof target - 1 || memchr(target, '/', (size_t)len))
		return HOOK_NOT_A_FILE;
	target[len] = '\0';
	if (fstatat(directory, target, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return HOOK_NOT_A_FILE;
	return file_check(&st);
}

const char *hook_flaw_name(enum hook_flaw flaw)
{
	static const char *const names[] = {
		[HOOK_GOOD] = "good",
		[HOOK_ABSENT] = "absent",
		[HOOK_DIRECTORY] = "directory-not-safe",
		[HOOK_NOT_A_FILE] = "not-a-file",
		[HOOK_OWNER] = "not-yours",
		[HOOK_OPEN] = "writable-by-others",
		[HOOK_NOT_EXECUTABLE] = "not-executable",
	};
	return names[flaw];
}

enum hook_flaw hook_check(const char *directory, const char *name)
{
	struct stat st;
	enum hook_flaw flaw = HOOK_DIRECTORY;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? HOOK_ABSENT : HOOK_DIRECTORY;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && !others_write(&st))
		flaw = name_check(fd, name);
	close(fd);
	return flaw;
}
