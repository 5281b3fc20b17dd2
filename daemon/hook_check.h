/*
 * Whether a file may be run as a hook: what somebody else could change is not run.
 *
 * Thread rule: any thread; reads the disk.
 */
#ifndef HOOK_CHECK_H
#define HOOK_CHECK_H

enum hook_flaw {
	HOOK_GOOD,
	HOOK_ABSENT,         /* no such file, or no such directory */
	HOOK_DIRECTORY,      /* its directory is not one of this user, or others may write to it */
	HOOK_NOT_A_FILE,     /* a directory, a device.., or a symbolic link out of its directory */
	HOOK_OWNER,          /* the file is not this user's */
	HOOK_OPEN,           /* others may write to it */
	HOOK_NOT_EXECUTABLE, /* not for its owner */
};

/* The file `name` in `directory`; a symbolic link to a file of the same directory will do. */
enum hook_flaw hook_check(const char *directory, const char *name);

/* Why it is not run, as a word: "writable-by-others". */
const char *hook_flaw_name(enum hook_flaw flaw);

#endif
