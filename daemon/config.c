#include "config.h"
#include "lang.h"
#include "../proto/text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_LEN_MAX 198 /* what inih's buffer takes; a longer line would be cut in two */
#define KEYS_HINT    N_("Known keys: listen, log, name, advertise, lan, quiet, hooks.sealed.")

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* What the parse callback works on. */
struct reading {
	struct config config;
	FILE *file;
	int line;       /* of the line given to inih last */
	int fault_line; /* of the first fault; 0: none */
	unsigned int seen;
	char fault[160];
};

static int fault(struct reading *r, const char *what, const char *value)
{
	if (r->fault_line == 0) {
		r->fault_line = r->line;
		snprintf(r->fault, sizeof(r->fault), lang_text(lang_start(), "%s: \"%.60s\""),
		         lang_text(lang_start(), what), value);
	}
	return 0;
}

static int log_set(struct reading *r, const char *value)
{
	int level = log_level_named(value);
	if (level < 0)
		return fault(r, N_("not one of broken, unusual, info, debug"), value);
	r->config.log_given = true;
	r->config.log = (enum log_level)level;
	return 1;
}

static int name_set(struct reading *r, const char *value)
{
	size_t len = strlen(value);
	if (len == 0 || len > 120)
		return fault(r, N_("a name has 1 to 120 bytes"), value);
	const uint8_t *p = (const uint8_t *)value;
	for (size_t at = 0; at < len;) {
		int32_t c;
		at += tuy_text_char_read(p + at, len - at, &c);
		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			return fault(r, N_("a name is plain UTF-8 text"), value);
	}
	memcpy(r->config.name, value, len + 1);
	return 1;
}

static int flag_set(struct reading *r, const char *value, bool *flag)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i]) == 0) {
			*flag = i % 2 == 1;
			return 1;
		}
	return fault(r, N_("neither yes nor no"), value);
}

static int lan_set(struct reading *r, const char *value)
{
	return flag_set(r, value, &r->config.lan);
}

static int hooks_sealed_set(struct reading *r, const char *value)
{
	return flag_set(r, value, &r->config.hooks_sealed);
}

static int quiet_set(struct reading *r, const char *value)
{
	if (quiet_parse(value, &r->config.quiet) != 0)
		return fault(r, N_("quiet hours are as 20:00-08:00"), value);
	return 1;
}

/* Adds addresses that stand behind each other, with commas or blanks between. */
static int addresses_add(struct reading *r, const char *value, struct tuy_address *addresses,
                         uint32_t *count)
{
	char list[256];
	char *rest = NULL;
	snprintf(list, sizeof(list), "%s", value);
	for (char *p = strtok_r(list, ", \t", &rest); p; p = strtok_r(NULL, ", \t", &rest)) {
		if (*count == TUY_ADDRESSES_MAX)
			return fault(r, N_("more than 8 addresses"), p);
		if (config_address_parse(p, &addresses[*count]) != 0)
			return fault(r, N_("not an ADDRESS:PORT in numbers"), p);
		(*count)++;
	}
	return 1;
}

static int listen_set(struct reading *r, const char *value)
{
	uint32_t before = r->config.listen_count;
	int good = addresses_add(r, value, r->config.listen, &r->config.listen_count);
	return good && r->config.listen_count == before
	               ? fault(r, N_("not an ADDRESS:PORT in numbers"), value)
	               : good;
}

static int advertise_set(struct reading *r, const char *value)
{
	return addresses_add(r, value, r->config.advertise, &r->config.advertise_count);
}

static const struct {
	const char *name;
	int (*set)(struct reading *r, const char *value);
	bool repeats; /* may stand on several lines */
} table[] = {
	{ "listen", listen_set, true },
	{ "log", log_set, false },
	{ "name", name_set, false },
	{ "lan", lan_set, false },
	{ "advertise", advertise_set, true },
	{ "quiet", quiet_set, false },
	{ "hooks.sealed", hooks_sealed_set, false },
};

/* inih: 1 good, 0 fault. */
static int on_pair(void *context, const char *section, const char *name, const char *value)
{
	struct reading *r = context;
	if (section[0] != '\0')
		return fault(r, N_("there are no sections here"), section);
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(name, table[i].name) != 0)
			continue;
		if ((r->seen & 1u << i) != 0 && !table[i].repeats)
			return fault(r, N_("given twice"), name);
		r->seen |= 1u << i;
		return table[i].set(r, value);
	}
	return fault(r, N_("unknown key"), name);
}

/* inih's fgets: also counts lines and refuses those that do not fit. */
static char *on_line(char *out, int cap, void *context)
{
	struct reading *r = context;
	char *got = fgets(out, cap, r->file);
	if (!got)
		return NULL;
	r->line++;
	size_t len = strlen(got);
	if (len > 0 && got[len - 1] != '\n' && len >= LINE_LEN_MAX) {
		int c;
		fault(r, N_("the line is too long (198 bytes)"), "");
		while ((c = getc(r->file)) != EOF && c != '\n')
			;
	}
	return got;
}

static int unreadable(const char *path, int err, struct store_error *error)
{
	return log_error_set(error, "T-CONFIG", "Put a readable file there, or none.",
	                     "%s: the configuration cannot be read (%s).", path,
	                     lang_errno(lang_start(), err));
}

struct config config_default(void)
{
	return (struct config){ .log = LOG_INFO, .lan = true };
}

int config_load(const char *path, struct config *config, struct store_error *error)
{
	struct reading r = { .config = *config };
	struct stat st;
	r.file = fopen(path, "re");
	if (!r.file)
		return errno == ENOENT || errno == ENOTDIR ? 0 : unreadable(path, errno, error);
	if (fstat(fileno(r.file), &st) != 0 || !S_ISREG(st.st_mode)) {
		fclose(r.file);
		return unreadable(path, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, error);
	}
	int line = ini_parse_stream(on_line, &r, on_pair, &r);
	int failed = ferror(r.file);
	fclose(r.file);
	if (failed || line < 0)
		return unreadable(path, EIO, error);
	if (line > 0 && (r.fault_line == 0 || line < r.fault_line)) {
		r.fault_line = line;
		snprintf(r.fault, sizeof(r.fault), "%s",
		         lang_text(lang_start(), "not `key = value`"));
	}
	if (r.fault_line > 0)
		return log_error_set(error, "T-CONFIG", KEYS_HINT, "%s, line %d: %s.", path,
		                     r.fault_line, r.fault);
	*config = r.config;
	return 0;
}

int config_address_parse(const char *text, struct tuy_address *address)
{
	char host[INET6_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	if (!colon || colon == text)
		return -1;
	bool six = text[0] == '[' && colon[-1] == ']';
	const char *begin = six ? text + 1 : text;
	size_t len = (size_t)(colon - begin) - (six ? 1 : 0);
	size_t digits = strspn(colon + 1, "0123456789");
	if (len == 0 || len >= sizeof(host) || digits == 0 || digits > 5 || colon[1 + digits])
		return -1;
	long port = strtol(colon + 1, NULL, 10);
	if (port > 65535)
		return -1;
	memcpy(host, begin, len);
	host[len] = '\0';
	struct tuy_address result = { .port = (uint16_t)port };
	if (!six)
		memcpy(result.ip, v4_prefix, sizeof(v4_prefix));
	if (inet_pton(six ? AF_INET6 : AF_INET, host, six ? result.ip : result.ip + 12) != 1)
		return -1;
	*address = result;
	return 0;
}

void config_address_text(const struct tuy_address *address, char out[CONFIG_ADDRESS_TEXT])
{
	char host[INET6_ADDRSTRLEN];
	bool four = memcmp(address->ip, v4_prefix, sizeof(v4_prefix)) == 0;
	const char *got = inet_ntop(four ? AF_INET : AF_INET6, address->ip + (four ? 12 : 0), host,
	                            sizeof(host));
	snprintf(out, CONFIG_ADDRESS_TEXT, four ? "%s:%u" : "[%s]:%u", got ? got : "?",
	         (unsigned int)address->port);
}
