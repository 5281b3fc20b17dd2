#include "hooks.h"
#include "audit.h"
#include "hook_check.h"
#include "hook_json.h"
#include "hook_run.h"
#include "lang.h"
#include "log.h"
#include "notice.h"
#include "quiet.h"
#include "../proto/hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES        (EVENT_KINDS + 1) /* of the events, and `any` */
#define ANY          EVENT_KINDS
#define VARIABLE_MAX 64 /* of the environment */
#define FIELD_MAX    (PATHS_MAX + 32)

extern char **environ;

/* What happens to one kind of event. */
struct lane {
	struct hooks *hooks;
	struct hook_run *run; /* NULL: none */
	uint64_t at;          /* the event that its hooks are given now */
	bool any_next;        /* the hook of its name had it: `any` is next */
	uint32_t first;
	uint32_t count;
	uint64_t waiting[HOOKS_WAITING_MAX]; /* ring of positions */
};

struct hooks {
	struct daemon *d;
	const struct events *events;
	struct hooks_host host;
	struct loop_reminder look;
	uint64_t seen; /* events up to here stand in a lane, if they have a hook */
	uint32_t running;
	uint64_t ran;
	uint64_t failed;
	uint64_t dropped;
	enum hook_flaw flaw[NAMES];
	char directory[PATHS_MAX + 8];
	struct lane lane[EVENT_KINDS];
};

static const char *name_of(int name)
{
	return name == ANY ? "any" : event_name((enum event_kind)name);
}

static void path_make(const struct hooks *h, int name, char path[FIELD_MAX])
{
	snprintf(path, FIELD_MAX, "%s/%s", h->directory, name_of(name));
}

static bool is_there(const struct hooks *h, int name)
{
	char path[FIELD_MAX];
	struct stat st;
	path_make(h, name, path);
	return lstat(path, &st) == 0;
}

/* Looks at it now; what is wrong with it is said once. */
static enum hook_flaw name_check(struct hooks *h, int name)
{
	enum hook_flaw flaw = hook_check(h->directory, name_of(name));
	bool said = h->flaw[name] == flaw;
	h->flaw[name] = flaw;
	if (flaw == HOOK_GOOD || flaw == HOOK_ABSENT || said)
		return flaw;
	log_line(LOG_UNUSUAL, "hook", "name=%s what=refused why=%s", name_of(name),
	         hook_flaw_name(flaw));
	notice_say(h->d, NOTICE_HOOK_REFUSED);
	return flaw;
}

/* ---- one run ---- */

struct environment {
	char *variable[VARIABLE_MAX + 1];
	char event[FIELD_MAX];
	char id[FIELD_MAX];
	char home[FIELD_MAX];
	char language[FIELD_MAX];
};

static bool is_passed(const char *variable)
{
	static const char *const names[] = {
		"PATH=",
		"HOME=",
		"USER=",
		"LOGNAME=",
		"SHELL=",
		"TZ=",
		"LANG=",
		"LC_",
		"XDG_",
		"DISPLAY=",
		"XAUTHORITY=",
		"WAYLAND_DISPLAY=",
		"DBUS_SESSION_BUS_ADDRESS=",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void environment_make(const struct hooks *h, const struct event *event,
                             struct environment *e)
{
	static const struct tuy_object none;
	char id[TUY_OBJECT_TEXT] = "";
	size_t count = 0;
	if (memcmp(&event->object, &none, sizeof none) != 0)
		tuy_object_text(&event->object, id);
	snprintf(e->event, sizeof e->event, "TUYAU_EVENT=%s", event_name(event->kind));
	snprintf(e->id, sizeof e->id, "TUYAU_ID=%s", id);
	snprintf(e->home, sizeof e->home, "TUYAU_HOME=%s", h->d->paths->home);
	e->variable[count++] = e->event;
	e->variable[count++] = e->id;
	if (h->d->paths->home[0] != '\0')
		e->variable[count++] = e->home;
	snprintf(e->language, sizeof e->language, "LANGUAGE=%s", lang_list());
	if (*lang_list() != '\0')
		e->variable[count++] = e->language;
	for (char **at = environ; *at && count < VARIABLE_MAX; at++)
		if (is_passed(*at))
			e->variable[count++] = *at;
	e->variable[count] = NULL;
}

/* That a person's data went to a hook; in JSON no text of anybody has an unescaped quotation mark.
 */
static void sealed_note(struct hooks *h, const struct event *event, const char *json, size_t len)
{
	static const char *const keys[] = { "\"sealed\":", "\"answers\":" };
	bool any = false;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		any = any || memmem(json, len, keys[i], strlen(keys[i]));
	if (any && h->d->config->hooks_sealed)
		audit_note(h->d, &(struct audit_row){ .what = AUDIT_HOOKED,
		                                      .circle_no = event->circle_no,
		                                      .object = event->object });
}

static void on_end(void *context, int code)
{
	struct lane *lane = context;
	lane->run = NULL;
	lane->hooks->running--;
	lane->hooks->failed += code != 0;
	loop_remind(lane->hooks->d, &lane->hooks->look, 0);
}

static void run_begin(struct hooks *h, struct lane *lane, int name)
{
	struct rpc_out packed = { 0 };
	struct environment environment;
	char path[FIELD_MAX];
	size_t len = 0;
	const struct event *event = events_at(h->events, lane->at);
	char *json = NULL;
	path_make(h, name, path);
	environment_make(h, event, &environment);
	if (h->host.pack(h->host.context, lane->at, &packed) == 0)
		json = hook_json(
			(struct tuy_bytes){ packed.p, packed.len },
			h->d->config->hooks_sealed ? HOOK_WITH_SEALED : HOOK_WITHOUT_SEALED, &len);
	if (json) {
		const struct hook_run_options options = {
			.path = path,
			.environment = environment.variable,
			.event = event_name(event->kind),
			.input = { (const uint8_t *)json, len },
			.on_end = on_end,
			.context = lane,
		};
		lane->run = hook_run_start(h->d->uv, &options);
		if (lane->run)
			sealed_note(h, event, json, len);
	}
	if (!json)
		log_line(LOG_UNUSUAL, "hook", "event=%s what=not_begun why=EVENT",
		         event_name(event->kind));
	h->running += lane->run != NULL;
	h->ran += lane->run != NULL;
	h->failed += lane->run == NULL;
	free(json);
	rpc_out_clear(&packed);
}

/* ---- lanes ---- */

static void drop(struct hooks *h, enum event_kind kind)
{
	h->dropped++;
	log_line(LOG_UNUSUAL, "hook", "event=%s what=dropped", event_name(kind));
	notice_say(h->d, NOTICE_HOOK_SLOW);
}

static void lane_add(struct hooks *h, enum event_kind kind, uint64_t at)
{
	struct lane *lane = &h->lane[kind];
	if (!is_there(h, (int)kind) && !is_there(h, ANY))
		return;
	if (lane->count == HOOKS_WAITING_MAX) {
		drop(h, kind);
		return;
	}
	lane->waiting[(lane->first + lane->count++) % HOOKS_WAITING_MAX] = at;
}

/* The next hook of a lane, if there is one that may run. Whether one was begun. */
static bool lane_begin(struct hooks *h, enum event_kind kind)
{
	struct lane *lane = &h->lane[kind];
	while (!lane->run && (lane->any_next || lane->count > 0)) {
		int name = lane->any_next ? ANY : (int)kind;
		if (!lane->any_next) {
			lane->at = lane->waiting[lane->first];
			lane->first = (lane->first + 1) % HOOKS_WAITING_MAX;
			lane->count--;
		}
		lane->any_next = !lane->any_next;
		if (lane->at < events_begin(h->events)) {
			if (name == ANY)
				drop(h, kind);
		} else if (name_check(h, name) == HOOK_GOOD) {
			run_begin(h, lane, name);
		}
	}
	return lane->run != NULL;
}

/* One hook is begun in a turn. */
static void on_look(void *context)
{
	struct hooks *h = context;
	uint64_t begun = loop_watch_begin();
	for (int kind = 0; kind < EVENT_KINDS && h->running < HOOKS_RUNNING_MAX; kind++) {
		if (h->lane[kind].run || !lane_begin(h, (enum event_kind)kind))
			continue;
		loop_remind(h->d, &h->look, 0);
		break;
	}
	loop_watch_end(h->d, "hook", begun);
}

/* ---- life ---- */

struct hooks *hooks_create(struct daemon *d, const struct events *events,
                           const struct hooks_host *host)
{
	struct hooks *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	h->d = d;
	h->events = events;
	h->host = *host;
	h->look = (struct loop_reminder){ .on_due = on_look, .context = h };
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		h->lane[kind].hooks = h;
	const char *slash = strrchr(d->paths->config, '/');
	snprintf(h->directory, sizeof h->directory, "%.*s/hooks",
	         slash ? (int)(slash - d->paths->config) : 0, d->paths->config);
	for (int name = 0; name < NAMES; name++) {
		h->flaw[name] = HOOK_ABSENT;
		name_check(h, name);
	}
	hooks_happened(h);
	return h;
}

void hooks_destroy(struct hooks *h)
{
	if (!h)
		return;
	loop_remind_not(h->d, &h->look);
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		if (h->lane[kind].run)
			hook_run_stop(h->lane[kind].run);
	free(h);
}

void hooks_happened(struct hooks *h)
{
	bool quiet = quiet_is_now(&h->d->config->quiet, loop_now(h->d).wall_s);
	for (; h->seen < events_end(h->events); h->seen++)
		if (!quiet && h->seen >= events_begin(h->events))
			lane_add(h, events_at(h->events, h->seen)->kind, h->seen);
	if (!h->d->stopping)
		loop_remind(h->d, &h->look, 0);
}

void hooks_status_put(const struct hooks *h, struct rpc_out *out)
{
	uint64_t waiting = 0;
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		waiting += h->lane[kind].count;
	rpc_open_map(out, "hooks");
	rpc_put_flag(out, "quiet", quiet_is_now(&h->d->config->quiet, loop_now(h->d).wall_s));
	rpc_put_uint(out, "running", h->running);
	rpc_put_uint(out, "waiting", waiting);
	rpc_put_uint(out, "ran", h->ran);
	rpc_put_uint(out, "failed", h->failed);
	rpc_put_uint(out, "dropped", h->dropped);
	rpc_open_array(out, "refused");
	for (int name = 0; name < NAMES; name++) {
		if (h->flaw[name] == HOOK_GOOD || h->flaw[name] == HOOK_ABSENT)
			continue;
		rpc_open_map(out, NULL);
		rpc_put_str(out, "hook", name_of(name));
		rpc_put_str(out, "why", hook_flaw_name(h->flaw[name]));
		rpc_close_one(out);
	}
	rpc_close_one(out);
	rpc_close_one(out);
}
