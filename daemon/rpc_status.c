/* status, stop. */
#include "hooks.h"
#include "notice.h"
#include "rpc_do.h"
#include "rpc_people.h"
#include <string.h>
#include <unistd.h>

static void circle_row_put(struct rpc_home *home, const struct rpc_circle *circle, int indexed,
                           struct rpc_out *out)
{
	struct tuy_circle_info info = { 0 };
	tuy_node_circle(home->d->node, circle->circle_no, &info);
	rpc_open_map(out, NULL);
	rpc_put_hex(out, "id", TUY_BYTES(circle->id.b));
	rpc_put_str(out, "name", circle->name);
	rpc_put_str(out, "slug", circle->slug);
	rpc_put_uint(out, "members", info.members);
	rpc_put_uint(out, "online", info.online);
	rpc_put_uint(out, "entries", info.entries);
	rpc_put_hex(out, "digest", TUY_BYTES(info.digest.b));
	rpc_put_uint(out, "missing_payloads", info.missing);
	/* The writer makes objects and words in the transaction that keeps the entries, unless
	 * their tables are damaged. */
	rpc_put_flag(out, "indexed", indexed != 0);
	rpc_close_one(out);
}

static const char *state_name(enum tuy_peer_state state)
{
	switch (state) {
	case TUY_PEER_CONNECTED:
		return "connected";
	case TUY_PEER_DIALING:
		return "dialing";
	case TUY_PEER_SELF:
	case TUY_PEER_WAITING:
		break;
	}
	return "waiting";
}

static void peer_put(struct rpc_home *home, const struct rpc_circle *circle,
                     const struct tuy_device_info *info, bool in_sync, struct rpc_out *out)
{
	struct tuy_now now = loop_now(home->d);
	const struct rpc_person *person = rpc_person_get(circle, &info->member);
	bool up = info->state == TUY_PEER_CONNECTED;
	char address[CONFIG_ADDRESS_TEXT];
	rpc_open_map(out, NULL);
	rpc_put_hex(out, "member", TUY_BYTES(info->member.b));
	rpc_put_str(out, "name", person && person->has_profile ? person->name : NULL);
	rpc_put_str(out, "from", person ? person->from : NULL);
	rpc_put_hex(out, "device", TUY_BYTES(info->device.b));
	config_address_text(&info->address, address);
	rpc_put_str(out, "address", info->address.port != 0 ? address : NULL);
	rpc_put_str(out, "state", state_name(info->state));
	rpc_put_time(out, "since", up ? now.wall_s - (now.ms - info->since_ms) / 1000 : 0);
	if (up && info->rtt_us > 0)
		rpc_put_uint(out, "rtt_ms", (info->rtt_us + 999) / 1000);
	else
		rpc_put_nil(out, "rtt_ms");
	rpc_put_flag(out, "in_sync", in_sync);
	rpc_close_one(out);
}

/* Whether a device stands in a circle before this one: it is listed once. `in_sync`: in all circles
 * that it shares with this device. */
static bool device_seen(struct rpc_home *home, uint32_t circle_no, const struct tuy_device *device,
                        bool *in_sync)
{
	struct tuy_device_info info;
	bool seen = false;
	*in_sync = true;
	for (uint32_t c = 0; c < TUY_CIRCLES_MAX; c++) {
		for (uint32_t i = 0; tuy_node_device(home->d->node, c, i, &info) == TUY_OK; i++) {
			if (!info.active || memcmp(&info.device, device, sizeof *device) != 0)
				continue;
			seen = seen || c < circle_no;
			*in_sync = *in_sync && info.in_sync;
		}
	}
	return seen;
}

static void peers_put(struct rpc_home *home, const struct rpc_circle *circle, struct rpc_out *out)
{
	struct tuy_node *node = home->d->node;
	struct tuy_device_info info;
	bool in_sync;
	for (uint32_t i = 0; tuy_node_device(node, circle->circle_no, i, &info) == TUY_OK; i++) {
		if (info.active && info.state != TUY_PEER_SELF &&
		    !device_seen(home, circle->circle_no, &info.device, &in_sync))
			peer_put(home, circle, &info, in_sync, out);
	}
}

/* How long the loop kept its callers waiting, since the start. */
static void loop_put(const struct daemon *d, struct rpc_out *out)
{
	struct loop_stalls stalls = loop_stalls(d);
	rpc_open_map(out, "loop");
	rpc_put_uint(out, "turns", stalls.turns);
	rpc_put_uint(out, "slow", stalls.slow);
	rpc_put_uint(out, "slow_own", stalls.slow_own);
	rpc_put_uint(out, "worst_us", stalls.worst_us);
	rpc_put_uint(out, "worst_own_us", stalls.worst_own_us);
	rpc_put_str(out, "worst", stalls.worst);
	rpc_close_one(out);
}

static void daemon_put(const struct rpc_call *call, struct rpc_out *out)
{
	const struct daemon *d = call->home->d;
	char listen[CONFIG_ADDRESS_TEXT];
	config_address_text(&d->listen[0], listen);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "version", TUY_VERSION);
	rpc_put_int(out, "pid", getpid());
	rpc_put_str(out, "home", d->paths->home[0] != '\0' ? d->paths->home : d->paths->data_dir);
	if (d->keys->certified)
		rpc_put_hex(out, "member", TUY_BYTES(d->keys->cert.member.b));
	else
		rpc_put_nil(out, "member");
	rpc_put_hex(out, "device", TUY_BYTES(d->keys->device.device.b));
	rpc_put_str(out, "listen", listen);
	rpc_open_array(out, "listens");
	for (uint32_t i = 0; i < d->listen_count; i++) {
		config_address_text(&d->listen[i], listen);
		rpc_put_str(out, NULL, listen);
	}
	rpc_close_one(out);
	rpc_put_int(out, "clock_offset", d->clock_offset_s);
	rpc_open_array(out, "notice");
	for (int i = 0; i < NOTICE_COUNT; i++) {
		const char *text = notice_text(d, (enum notice)i);
		if (text)
			rpc_put_str(out, NULL, rpc_text(call, text));
	}
	rpc_close_one(out);
}

void rpc_do_status(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	struct store_reading reading;
	struct store_stats stats = { 0 };
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	daemon_put(call, out);
	rpc_open_array(out, "circles");
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		const struct rpc_circle *circle = rpc_circle_get(home, &reading, i);
		if (circle)
			circle_row_put(home, circle, view_is_whole(&reading), out);
	}
	rpc_close_one(out);
	rpc_open_array(out, "peers");
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		const struct rpc_circle *circle = rpc_circle_get(home, &reading, i);
		if (circle)
			peers_put(home, circle, out);
	}
	rpc_close_one(out);
	rpc_open_map(out, "store");
	store_stats(home->d->store, &stats);
	rpc_put_uint(out, "bytes", stats.bytes);
	rpc_put_uint(out, "entries", stats.entries);
	rpc_put_uint(out, "objects", view_count(&reading));
	rpc_close_one(out);
	loop_put(home->d, out);
	hooks_status_put(home->hooks, out);
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

void rpc_do_stop(struct rpc_call *call)
{
	struct daemon *d = call->home->d;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_flag(out, "stopping", true);
	rpc_close_one(out);
	rpc_answer(call);
	loop_stop(d);
}
