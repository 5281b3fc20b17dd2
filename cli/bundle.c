#include "bundle.h"
#include "file.h"
#include "memory.h"
#include "words.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_AT_ONCE 8 /* open directories while a bundle is removed */

static int output_error(const char *path, int error, struct failure *failure)
{
	return errors_set(failure, EXIT_OTHER, "T-OUTPUT", "tuyau export DIR",
	                  "%s cannot be written (%s).", path, words_errno(error));
}

static int exists_error(const char *path, struct failure *failure)
{
	char hint[600];
	snprintf(hint, sizeof(hint), _("tuyau export %.500s-2"), path);
	return errors_set(failure, EXIT_CONFLICT, "T-EXISTS", hint,
	                  "%s is there already, and is left as it is.", path);
}

/* A path within the part; the caller frees it. */
static char *within(const struct bundle *bundle, const char *name)
{
	char *dir = file_path(bundle->part, "/");
	char *path = file_path(dir, name);
	free(dir);
	return path;
}

/* What would end the program waits until what was written is removed: bundle_end lets it through.
 */
static void signals_hold(struct bundle *bundle)
{
	sigset_t held;
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, &bundle->before);
}

static bool is_interrupted(void)
{
	sigset_t waiting;
	return sigpending(&waiting) == 0 &&
	       (sigismember(&waiting, SIGINT) || sigismember(&waiting, SIGTERM) ||
	        sigismember(&waiting, SIGHUP));
}

/* Puts on the disk that a directory has what it has. */
static int dir_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int error = fsync(fd) != 0 ? errno : 0;
	close(fd);
	return error;
}

int bundle_begin(struct bundle *bundle, const char *path, struct failure *failure)
{
	struct stat there;
	*bundle = (struct bundle){ .path = memory_check(strdup(path)) };
	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		bundle->path[len - 1] = '\0';
	if (lstat(bundle->path, &there) == 0)
		return exists_error(bundle->path, failure);
	signals_hold(bundle);
	bundle->held = true;
	char *part = file_path(bundle->path, ".part-XXXXXX");
	if (!mkdtemp(part)) {
		int error = errno;
		free(part);
		return output_error(bundle->path, error, failure);
	}
	bundle->part = part;
	return 0;
}

int bundle_dir(struct bundle *bundle, const char *name, struct failure *failure)
{
	char *path = within(bundle, name);
	int result = mkdir(path, 0700) == 0 ? 0 : output_error(path, errno, failure);
	free(path);
	return result;
}

FILE *bundle_open(struct bundle *bundle, const char *name, struct failure *failure)
{
	char *path = within(bundle, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bundle->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!bundle->file) {
		output_error(path, errno, failure);
		free(path);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	bundle->name = path;
	return bundle->file;
}

int bundle_close(struct bundle *bundle, struct failure *failure)
{
	FILE *file = bundle->file;
	int error = is_interrupted() ? EINTR : 0;
	errno = EIO; /* of a write before, whose errno is gone */
	if (error == 0 && (ferror(file) || fflush(file) != 0 || fsync(fileno(file)) != 0))
		error = errno;
	if (fclose(file) != 0 && error == 0)
		error = errno;
	bundle->file = NULL;
	int result = error ? output_error(bundle->name, error, failure) : 0;
	free(bundle->name);
	bundle->name = NULL;
	return result;
}

int bundle_finish(struct bundle *bundle, struct failure *failure)
{
	int error = dir_sync(bundle->part);
	if (error == 0 &&
	    renameat2(AT_FDCWD, bundle->part, AT_FDCWD, bundle->path, RENAME_NOREPLACE) != 0)
		error = errno;
	/* a file system that does not know that flag: an empty directory may be replaced */
	if (error == EINVAL && rename(bundle->part, bundle->path) == 0)
		error = 0;
	if (error == EEXIST || error == ENOTEMPTY)
		return exists_error(bundle->path, failure);
	if (error != 0)
		return output_error(bundle->path, error, failure);
	free(bundle->part);
	bundle->part = NULL;
	return 0;
}

/* nftw */
static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

void bundle_end(struct bundle *bundle)
{
	if (bundle->file)
		fclose(bundle->file);
	if (bundle->part)
		(void)nftw(bundle->part, remove_one, FILES_AT_ONCE, FTW_DEPTH | FTW_PHYS);
	free(bundle->name);
	free(bundle->part);
	free(bundle->path);
	if (bundle->held)
		sigprocmask(SIG_SETMASK, &bundle->before, NULL);
	*bundle = (struct bundle){ 0 };
}
