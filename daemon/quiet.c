#include "quiet.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MIN 1440
#define DAY_S   86400

/* "08:00" or "8:00" at the beginning of the text: what is behind it, or NULL. */
static const char *moment_parse(const char *text, uint16_t *minute)
{
	size_t digits = strspn(text, "0123456789");
	unsigned int h = 0;
	unsigned int m = 0;
	if (digits < 1 || digits > 2 || text[digits] != ':' ||
	    strspn(text + digits + 1, "0123456789") != 2 || sscanf(text, "%2u:%2u", &h, &m) != 2 ||
	    h > 24 || m > 59 || (h == 24 && m > 0))
		return NULL;
	*minute = (uint16_t)((h * 60 + m) % DAY_MIN);
	return text + digits + 3;
}

/* Local time as seconds since 1970, as if it were UTC. */
static int64_t local_s(uint32_t wall_s)
{
	time_t at = (time_t)wall_s;
	struct tm tm;
	if (!localtime_r(&at, &tm))
		return wall_s;
	return (int64_t)timegm(&tm);
}

int quiet_parse(const char *text, struct quiet *quiet)
{
	struct quiet read = { .given = true };
	if (text[0] == '\0' || strcmp(text, "no") == 0) {
		*quiet = (struct quiet){ 0 };
		return 0;
	}
	const char *at = moment_parse(text, &read.from_min);
	if (!at || *at != '-')
		return -1;
	at = moment_parse(at + 1, &read.until_min);
	if (!at || *at != '\0' || read.from_min == read.until_min)
		return -1;
	*quiet = read;
	return 0;
}

bool quiet_is_now(const struct quiet *quiet, uint32_t wall_s)
{
	int64_t minute = local_s(wall_s) % DAY_S / 60;
	if (!quiet->given)
		return false;
	if (quiet->from_min < quiet->until_min)
		return minute >= quiet->from_min && minute < quiet->until_min;
	return minute >= quiet->from_min || minute < quiet->until_min;
}

int64_t quiet_day(const struct quiet *quiet, uint32_t wall_s)
{
	int64_t end_s = (quiet->given ? quiet->until_min : QUIET_DIGEST_MIN) * INT64_C(60);
	return (local_s(wall_s) - end_s + DAY_S) / DAY_S; /* never negative */
}
