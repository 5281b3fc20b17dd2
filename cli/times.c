#include "times.h"
#include "words.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

static const char *const days[] = { N_("Sun"), N_("Mon"), N_("Tue"), N_("Wed"),
	                            N_("Thu"), N_("Fri"), N_("Sat") };
static const char *const months[] = { N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"),
	                              N_("May"), N_("Jun"), N_("Jul"), N_("Aug"),
	                              N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec") };

/* Exactly `count` digits at *text to *number, and *text behind them; false if they are not there.
 */
static bool digits_read(const char **text, size_t count, int *number)
{
	int sum = 0;
	for (size_t i = 0; i < count; i++) {
		char c = (*text)[i];
		if (c < '0' || c > '9')
			return false;
		sum = 10 * sum + (c - '0');
	}
	*text += count;
	*number = sum;
	return true;
}

/* One `c` at *text, and *text behind it. */
static bool char_read(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* "YYYY-MM-DD"; returns what follows it, or NULL. */
static const char *date_read(const char *text, struct tm *tm)
{
	memset(tm, 0, sizeof(*tm));
	if (!digits_read(&text, 4, &tm->tm_year) || !char_read(&text, '-') ||
	    !digits_read(&text, 2, &tm->tm_mon) || !char_read(&text, '-') ||
	    !digits_read(&text, 2, &tm->tm_mday))
		return NULL;
	if (tm->tm_year < 1970 || tm->tm_mon < 1 || tm->tm_mon > 12 || tm->tm_mday < 1 ||
	    tm->tm_mday > 31)
		return NULL;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	tm->tm_isdst = -1;
	return text;
}

/* "HH:MM" or "HH:MM:SS" and a fraction; returns what follows it, or NULL. */
static const char *clock_read(const char *text, struct tm *tm)
{
	if (!digits_read(&text, 2, &tm->tm_hour) || !char_read(&text, ':') ||
	    !digits_read(&text, 2, &tm->tm_min))
		return NULL;
	if (char_read(&text, ':')) {
		if (!digits_read(&text, 2, &tm->tm_sec))
			return NULL;
		if (char_read(&text, '.'))
			text += strspn(text, "0123456789");
	}
	return tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60 ? NULL : text;
}

int times_parse(const char *rfc3339, time_t *at)
{
	struct tm tm;
	int hours = 0;
	int minutes = 0;
	const char *rest = date_read(rfc3339, &tm);
	if (!rest || (*rest != 'T' && *rest != 't' && *rest != ' '))
		return -1;
	rest = clock_read(rest + 1, &tm);
	if (!rest)
		return -1;
	bool west = *rest == '-';
	if (char_read(&rest, '+') || char_read(&rest, '-')) {
		if (!digits_read(&rest, 2, &hours) || !char_read(&rest, ':') ||
		    !digits_read(&rest, 2, &minutes))
			return -1;
	} else if (!char_read(&rest, 'Z') && !char_read(&rest, 'z')) {
		return -1;
	}
	if (*rest != '\0')
		return -1;
	int offset_s = hours * 3600 + minutes * 60;
	*at = timegm(&tm) + (west ? offset_s : -offset_s);
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
		snprintf(age.text, sizeof(age.text), "%s", _("now"));
	else if (s < 3600)
		snprintf(age.text, sizeof(age.text), _("%lld min"), s / 60);
	else if (s < DAY_S)
		snprintf(age.text, sizeof(age.text), _("%lld h"), s / 3600);
	else if (s < 60LL * DAY_S)
		snprintf(age.text, sizeof(age.text), _("%lld d"), s / DAY_S);
	else
		snprintf(age.text, sizeof(age.text), _("%lld w"), s / (7 * DAY_S));
	return age;
}

struct times_text times_ago(const char *rfc3339, time_t now)
{
	struct times_text ago = times_age(rfc3339, now);
	time_t at;
	if (times_parse(rfc3339, &at) != 0)
		return ago;
	struct times_text age = ago;
	if (now - at < 60)
		snprintf(ago.text, sizeof(ago.text), "%s", _("just now"));
	else
		snprintf(ago.text, sizeof(ago.text), _("%.30s ago"), age.text);
	return ago;
}

struct times_text times_day(const char *rfc3339, time_t now)
{
	struct times_text day = { "" };
	struct tm tm;
	time_t at;
	if (times_parse(rfc3339, &at) != 0 || !localtime_r(&at, &tm))
		return day;
	int len = snprintf(day.text, sizeof(day.text), "%d %s", tm.tm_mday, _(months[tm.tm_mon]));
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
	snprintf(moment.text, sizeof(moment.text), "%s %d %s %02d:%02d", _(days[tm.tm_wday]),
	         tm.tm_mday, _(months[tm.tm_mon]), tm.tm_hour, tm.tm_min);
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
