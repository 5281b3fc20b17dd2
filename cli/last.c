#include "last.h"
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define ID_LEN (TUY_OBJECT_TEXT - 1)

static int id_check(const char *id)
{
	struct tuy_object lowest;
	struct tuy_object highest;
	struct tuy_bytes text = { (const uint8_t *)id, strlen(id) };
	return text.len == ID_LEN && tuy_object_range(text, &lowest, &highest) == TUY_OK ? 0 : -1;
}

void last_keep(const struct paths *paths, const char *id)
{
	char line[TUY_OBJECT_TEXT];
	if (id_check(id) != 0)
		return;
	memcpy(line, id, ID_LEN);
	line[ID_LEN] = '\n';
	/* One write of always as many bytes, without O_TRUNC: who reads meanwhile sees a whole id.
	 */
	int fd = open(paths->last, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	ssize_t written = write(fd, line, sizeof(line));
	(void)written; /* a full disk: the old id stays, or what last_find takes for none */
	close(fd);
}

int last_find(const struct paths *paths, char id[TUY_OBJECT_TEXT])
{
	int fd = open(paths->last, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, id, ID_LEN) : 0;
	if (fd >= 0)
		close(fd);
	id[len > 0 ? len : 0] = '\0';
	if (id_check(id) == 0)
		return 0;
	id[0] = '\0';
	return -1;
}
