#include "times.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* "YYYY-MM-DD"; returns what follows it, or NULL. */
static const char *date_read(const char *text, struct tm *tm)
{
	int end = 0;
	memset(tm, 0, sizeof(*tm));
	if (sscanf(text, "%4d-%2d-%2d%n", &tm->tm_year, &tm->tm_mon, &tm->tm_mday, &end) != 3 ||
	    end != 10)
		return NULL;
	if (tm->tm_year < 1970 || tm->tm_mon < 1 || tm->tm_mon > 12 || tm->tm_mday < 1 ||
	    tm->tm_mday > 31)
		return NULL;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	tm->tm_isdst = -1;
	return text + end;
}

/* "HH:MM" or "HH:MM:SS" and a fraction; returns what follows it, or NULL. */
static const char *clock_read(const char *text, struct tm *tm)
{
	int end = 0;
	if (sscanf(text, "%2d:%2d%n", &tm->tm_hour, &tm->tm_min, &end) != 2 || end == 0)
		return NULL;
	text += end;
	end = 0;
	if (sscanf(text, ":%2d%n", &tm->tm_sec, &end) == 1 && end > 0)
		text += end;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (tm->tm_hour < 0 || tm->tm_hour > 23 || tm->tm_min < 0 || tm->tm_min > 59 ||
	    tm->tm_sec < 0 || tm->tm_sec > 60)
		return NULL;
	return text;
}

int times_parse(const char *rfc3339, time_t *at)
{
	struct tm tm;
	const char *rest = date_read(rfc3339, &tm);
	if (!rest || (*rest != 'T' && *rest != 't' && *rest != ' '))
		return -1;
	rest = clock_read(rest + 1, &tm);
	if (!rest)
		return -1;
	int hours = 0;
	int minutes = 0;
	if (*rest == '+' || *rest == '-') {
		if (sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2)
			return -1;
		if (*rest == '-') {
			hours = -hours;
			minutes = -minutes;
		}
	} else if (strcmp(rest, "Z") != 0 && strcmp(rest, "z") != 0) {
		return -1;
	}
	*at = timegm(&tm) - hours * 3600 - minutes * 60;
	return 0;
}

struct times_text times_age(const char *rfc3339, time_t now)
{
	struct times_text age = { "" };
	time_t at;
	if (times_parse(rfc3339, &at) != 0)
		return age;
	long long s = now - at;
	if (s < 60)
		snprintf(age.text, sizeof(age.text), "now");
	else if (s < 3600)
		snprintf(age.text, sizeof(age.text), "%lld min", s / 60);
	else if (s < DAY_S)
		snprintf(age.text, sizeof(age.text), "%lld h", s / 3600);
	else if (s < 60LL * DAY_S)
		snprintf(age.text, sizeof(age.text), "%lld d", s / DAY_S);
	else
		snprintf(age.text, sizeof(age.text), "%lld w", s / (7 * DAY_S));
	return age;
}

struct times_text times_day(const char *rfc3339, time_t now)
{
	struct times_text day = { "" };
	struct tm tm;
	time_t at;
	if (times_parse(rfc3339, &at) != 0 || !localtime_r(&at, &tm))
		return day;
	int len = snprintf(day.text, sizeof(day.text), "%d %s", tm.tm_mday, months[tm.tm_mon]);
	if (llabs((long long)(at - now)) > 183LL * DAY_S)
		snprintf(day.text + len, sizeof(day.text) - (size_t)len, " %d", tm.tm_year + 1900);
	return day;
}

struct times_text times_moment(const char *rfc3339)
{
	struct times_text moment = { "" };
	struct tm tm;
	time_t at;
	if (times_parse(rfc3339, &at) != 0 || !localtime_r(&at, &tm))
		return moment;
	snprintf(moment.text, sizeof(moment.text), "%s %d %s %02d:%02d", days[tm.tm_wday],
	         tm.tm_mday, months[tm.tm_mon], tm.tm_hour, tm.tm_min);
	return moment;
}

int64_t times_span_parse(const char *text)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "", DAY_S }, { "d", DAY_S }, { "w", 7 * DAY_S },
		      { "h", 3600 }, { "min", 60 },  { "s", 1 } };
	char *end;
	if (!isdigit((unsigned char)*text))
		return -1;
	long long n = strtoll(text, &end, 10);
	if (n <= 0 || n > 36500)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) == 0)
			return n * units[i].seconds;
	}
	return -1;
}

int64_t times_until_parse(const char *text, time_t now)
{
	struct tm tm;
	time_t at;
	int64_t span = times_span_parse(text);
	if (span > 0)
		return now + span;
	if (times_parse(text, &at) == 0)
		return at;
	const char *rest = date_read(text, &tm);
	if (!rest)
		return -1;
	if (*rest == '\0') {
		tm.tm_hour = 23;
		tm.tm_min = 59;
		tm.tm_sec = 59;
	} else if ((*rest != ' ' && *rest != 'T') || !(rest = clock_read(rest + 1, &tm)) ||
	           *rest != '\0') {
		return -1;
	}
	int day = tm.tm_mday;
	at = mktime(&tm);
	return tm.tm_mday == day ? at : -1;
}
