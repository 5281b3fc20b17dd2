#include "paths.h"
#include "lang.h"
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct paths_error *error, const char *code, const char *hint, const char *message,
                ...) __attribute__((format(printf, 4, 5)));
static int fail(struct paths_error *error, const char *code, const char *hint, const char *message,
                ...)
{
	va_list args;
	error->code = code;
	snprintf(error->hint, sizeof(error->hint), "%s", lang_text(lang_start(), hint));
	va_start(args, message);
	vsnprintf(error->message, sizeof(error->message), lang_text(lang_start(), message), args);
	va_end(args);
	return -1;
}

/* `dir`/`name`; -1 if it does not fit. */
static int join(char out[PATHS_MAX], const char *dir, const char *name)
{
	int n = snprintf(out, PATHS_MAX, "%s/%s", dir, name);
	return n > 0 && n < PATHS_MAX ? 0 : -1;
}

/* A variable with an absolute path in it; NULL else (XDG: relative ones are to be ignored). */
static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value && value[0] == '/' ? value : NULL;
}

static const char *user_home(void)
{
	const char *home = variable("HOME");
	if (home)
		return home;
	const struct passwd *entry = getpwuid(geteuid());
	return entry && entry->pw_dir && entry->pw_dir[0] == '/' ? entry->pw_dir : NULL;
}

/* $NAME/tuyau, or HOME/`otherwise`/tuyau. */
static int xdg(char out[PATHS_MAX], const char *name, const char *home, const char *otherwise)
{
	const char *value = variable(name);
	int n = value ? snprintf(out, PATHS_MAX, "%s/tuyau", value)
	              : snprintf(out, PATHS_MAX, "%s/%s/tuyau", home, otherwise);
	return n > 0 && n < PATHS_MAX ? 0 : -1;
}

static int home_find(const char *home, struct paths *p, struct paths_error *error)
{
	int bad;
	if (home[0] == '/') {
		int n = snprintf(p->home, PATHS_MAX, "%s", home);
		bad = n <= 0 || n >= PATHS_MAX;
	} else {
		char here[PATHS_MAX];
		if (!getcwd(here, sizeof(here)))
			return fail(error, "T-PATH", "Give --home as an absolute path.",
			            "The working directory cannot be told (%s).",
			            lang_errno(lang_start(), errno));
		bad = join(p->home, here, home);
	}
	size_t len = strlen(p->home);
	while (len > 1 && p->home[len - 1] == '/')
		p->home[--len] = '\0';
	bad |= join(p->config, p->home, "tuyaud.conf");
	bad |= join(p->synonyms, p->home, "synonyms");
	bad |= join(p->run_dir, p->home, "run");
	memcpy(p->data_dir, p->home, sizeof(p->data_dir));
	memcpy(p->log_dir, p->home, sizeof(p->log_dir));
	if (bad)
		return fail(error, "T-PATH", "Use a shorter --home.",
		            "The home's path is too long (at most %d bytes).", PATHS_MAX - 32);
	return 0;
}

static int xdg_find(struct paths *p, struct paths_error *error)
{
	char config_dir[PATHS_MAX];
	const char *home = user_home();
	if (!home)
		return fail(error, "T-PATH", "Use --home DIR.",
		            "This user has no home directory (HOME is not set).");
	int bad = xdg(config_dir, "XDG_CONFIG_HOME", home, ".config") ||
	          join(p->config, config_dir, "tuyaud.conf") ||
	          join(p->synonyms, config_dir, "synonyms") ||
	          xdg(p->data_dir, "XDG_DATA_HOME", home, ".local/share") ||
	          xdg(p->log_dir, "XDG_STATE_HOME", home, ".local/state");
	const char *runtime = variable("XDG_RUNTIME_DIR");
	bad = bad ||
	      (runtime ? join(p->run_dir, runtime, "tuyau") : join(p->run_dir, p->data_dir, "run"));
	if (bad)
		return fail(error, "T-PATH", "Use --home DIR, or shorter XDG directories.",
		            "A path is too long (at most %d bytes).", PATHS_MAX - 32);
	return 0;
}

/* Makes one directory and those above it. 0, or the errno. */
static int directory_make(const char *path)
{
	char part[PATHS_MAX];
	size_t len = strlen(path);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		char kept = part[i];
		part[i] = '\0';
		struct stat st;
		if (stat(part, &st) != 0 && mkdir(part, 0700) != 0 && errno != EEXIST)
			return errno;
		part[i] = kept;
	}
	struct stat st;
	if (stat(path, &st) != 0)
		return errno;
	return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

static int directory_create(const char *path, struct paths_error *error)
{
	switch (directory_make(path)) {
	case 0:
		return 0;
	case EACCES:
	case EPERM:
	case EROFS:
		return fail(error, "T-PERMISSION", "Give --home a directory of your own.",
		            "%s: the directory cannot be made (permission denied).", path);
	case ENOTDIR:
	case EEXIST:
		return fail(error, "T-PATH", "Move that file away, or give another --home.",
		            "%s: there is a file where a directory must be.", path);
	case ENOSPC:
	case EDQUOT:
		return fail(error, "T-STORE-FULL", "Make room on the disk.",
		            "%s: the directory cannot be made (the disk is full).", path);
	default:
		return fail(error, "T-PATH", "Check the path, or give another --home.",
		            "%s: the directory cannot be made (%s).", path,
		            lang_errno(lang_start(), errno));
	}
}

/* The socket's directory lets nobody else in, also if it was there before. */
static int run_dir_close(const char *path, struct paths_error *error)
{
	struct stat st;
	if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return fail(error, "T-PERMISSION", "Move it away.",
		            "%s: the socket's directory must be a directory of this user.", path);
	if ((st.st_mode & 077) != 0 && chmod(path, 0700) != 0)
		return fail(error, "T-PERMISSION", "chmod 700 it.",
		            "%s: the socket's directory is open to others and stays so.", path);
	return 0;
}

int paths_find(const char *home, struct paths *paths, struct paths_error *error)
{
	memset(paths, 0, sizeof(*paths));
	if (home && home[0] == '\0')
		return fail(error, "T-USAGE", "tuyaud --home DIR", "--home is empty.");
	if (!home)
		home = getenv("TUYAU_HOME");
	int bad = home && home[0] != '\0' ? home_find(home, paths, error) : xdg_find(paths, error);
	if (bad)
		return -1;
	bad = join(paths->identity, paths->data_dir, "identity") ||
	      join(paths->store_dir, paths->data_dir, "store") ||
	      join(paths->lock, paths->data_dir, "lock") ||
	      join(paths->port, paths->data_dir, "port") ||
	      join(paths->last, paths->data_dir, "last") ||
	      join(paths->log, paths->log_dir, "tuyaud.log") ||
	      join(paths->socket, paths->run_dir, "tuyau.sock");
	if (bad)
		return fail(error, "T-PATH", "Use a shorter --home.",
		            "The home's path is too long (at most %d bytes).", PATHS_MAX - 32);
	size_t len = strlen(paths->socket);
	if (len > PATHS_SOCKET_MAX)
		return fail(error, "T-SOCKET-PATH", "Use a shorter --home.",
		            "The socket's path is %zu bytes, at most %d are possible: %s", len,
		            PATHS_SOCKET_MAX, paths->socket);
	return 0;
}

int paths_create(const struct paths *paths, struct paths_error *error)
{
	if (directory_create(paths->data_dir, error) || directory_create(paths->log_dir, error) ||
	    directory_create(paths->run_dir, error))
		return -1;
	return run_dir_close(paths->run_dir, error);
}
