#include "address.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool address_is_four(const struct tuy_address *address)
{
	return memcmp(address->ip, v4_prefix, sizeof(v4_prefix)) == 0;
}

/* Reachable from everywhere 0, from the house's network 1, not worth publishing -1. */
static int address_rank(const struct tuy_address *address)
{
	const uint8_t *ip = address->ip;
	if (!address_is_four(address)) {
		if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) /* link-local: needs a scope */
			return -1;
		return (ip[0] & 0xfe) == 0xfc ? 1 : 0;
	}
	const uint8_t *v4 = ip + 12;
	if (v4[0] == 169 && v4[1] == 254)
		return -1;
	bool private = v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16) ||
	               (v4[0] == 192 && v4[1] == 168) || (v4[0] == 100 && (v4[1] & 0xc0) == 64);
	return private ? 1 : 0;
}

/* Which families one listening address takes. */
struct families {
	bool four;
	bool six;
};

/* Adds an address unless it is there or there is no room; how many there are. */
static uint32_t address_add(struct tuy_address out[TUY_ADDRESSES_MAX], uint32_t count,
                            const struct tuy_address *address)
{
	for (uint32_t i = 0; i < count; i++)
		if (address_equal(&out[i], address))
			return count;
	if (count < TUY_ADDRESSES_MAX)
		out[count++] = *address;
	return count;
}

/* The interfaces' addresses of one rank, behind the `count` that are there. */
static uint32_t rank_add(const struct ifaddrs *list, struct families families, uint16_t port,
                         int rank, struct tuy_address out[TUY_ADDRESSES_MAX], uint32_t count)
{
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		union address_socket socket = { 0 };
		if (!i->ifa_addr || (i->ifa_flags & IFF_UP) == 0 ||
		    (i->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		if (i->ifa_addr->sa_family == AF_INET && families.four)
			memcpy(&socket, i->ifa_addr, sizeof(socket.in));
		else if (i->ifa_addr->sa_family == AF_INET6 && families.six)
			memcpy(&socket, i->ifa_addr, sizeof(socket.in6));
		else
			continue;
		struct tuy_address address = address_of_socket(&socket);
		address.port = port;
		if (address_rank(&address) == rank)
			count = address_add(out, count, &address);
	}
	return count;
}

void address_socket_from(const struct tuy_address *address, union address_socket *out)
{
	memset(out, 0, sizeof(*out));
	if (address_is_four(address)) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons(address->port);
		memcpy(&out->in.sin_addr, address->ip + 12, 4);
	} else {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons(address->port);
		memcpy(&out->in6.sin6_addr, address->ip, 16);
	}
}

struct tuy_address address_of_socket(const union address_socket *in)
{
	struct tuy_address address = { 0 };
	if (in->any.sa_family == AF_INET) {
		memcpy(address.ip, v4_prefix, sizeof(v4_prefix));
		memcpy(address.ip + 12, &in->in.sin_addr, 4);
		address.port = ntohs(in->in.sin_port);
	} else if (in->any.sa_family == AF_INET6) {
		memcpy(address.ip, &in->in6.sin6_addr, 16);
		address.port = ntohs(in->in6.sin6_port);
	}
	return address;
}

bool address_equal(const struct tuy_address *a, const struct tuy_address *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->port == b->port;
}

bool address_is_any(const struct tuy_address *address)
{
	static const uint8_t zero[16] = { 0 };
	return address_is_four(address) ? memcmp(address->ip + 12, zero, 4) == 0
	                                : memcmp(address->ip, zero, 16) == 0;
}

struct tuy_address address_any_four(void)
{
	struct tuy_address address = { 0 };
	memcpy(address.ip, v4_prefix, sizeof(v4_prefix));
	return address;
}

bool address_six_only(const struct tuy_address *address, const struct tuy_address *list,
                      uint32_t count)
{
	if (address_is_four(address) || !address_is_any(address) || address->port == 0)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (address_is_four(&list[i]) && list[i].port == address->port)
			return true;
	return false;
}

uint32_t address_own_find(const struct tuy_address *listen, uint32_t listen_count,
                          const struct config *config, struct tuy_address out[TUY_ADDRESSES_MAX])
{
	uint32_t count = config->advertise_count;
	for (uint32_t i = 0; i < count; i++) {
		out[i] = config->advertise[i];
		if (out[i].port == 0)
			out[i].port = listen[0].port;
	}
	if (count > 0)
		return count;
	struct ifaddrs *list = NULL;
	if (getifaddrs(&list) != 0)
		list = NULL;
	for (uint32_t i = 0; i < listen_count; i++) {
		const struct tuy_address *at = &listen[i];
		struct families families = {
			.four = !address_six_only(at, listen, listen_count),
			.six = !address_is_four(at),
		};
		if (!address_is_any(at)) {
			count = address_add(out, count, at);
			continue;
		}
		count = rank_add(list, families, at->port, 0, out, count);
		count = rank_add(list, families, at->port, 1, out, count);
	}
	if (list)
		freeifaddrs(list);
	if (count > 0)
		return count;
	out[0] = address_any_four();
	out[0].port = listen[0].port;
	out[0].ip[12] = 127;
	out[0].ip[15] = 1;
	return 1;
}
