/*
 * Addresses of sockets and of this machine. Numbers only: no name is looked up.
 *
 * Thread rule: any thread; address_own_find asks the kernel for the interfaces.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "../proto/op.h"
#include "config.h"
#include <netinet/in.h>
#include <sys/socket.h>

union address_socket {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage room;
};

void address_socket_from(const struct tuy_address *address, union address_socket *out);
/* Zero if it is neither IPv4 nor IPv6. */
struct tuy_address address_of_socket(const union address_socket *in);

bool address_equal(const struct tuy_address *a, const struct tuy_address *b);
/* True for 0.0.0.0 and [::]. */
bool address_is_any(const struct tuy_address *address);
/* 0.0.0.0, port 0. */
struct tuy_address address_any_four(void);

/* Whether an address of a list is to take IPv6 only: [::], which otherwise takes IPv4 too, beside
 * an IPv4 address with the same port. */
bool address_six_only(const struct tuy_address *address, const struct tuy_address *list,
                      uint32_t count);

/*
 * Where friends can reach a daemon that listens at `listen[0 .. count)`, count > 0, most useful
 * first: what the configuration advertises (port 0: that of listen[0]); else those themselves, and
 * in place of one that is "any" the interfaces' addresses (public ones first, no loopback, no
 * link-local); 127.0.0.1 if there are none. Returns how many, at least 1.
 */
uint32_t address_own_find(const struct tuy_address *listen, uint32_t listen_count,
                          const struct config *config, struct tuy_address out[TUY_ADDRESSES_MAX]);

#endif
