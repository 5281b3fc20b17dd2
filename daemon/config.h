/*
 * tuyaud.conf and addresses as text. One key a line, `key = value`; what is unknown or wrong is an
 * error with its line, never a guess.
 *
 * Thread rule: any thread; config_load reads the disk.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "../proto/op.h"
#include "log.h"
#include "quiet.h"
#include "store.h"

#define CONFIG_ADDRESS_TEXT 64 /* "[ipv6]:port" with its NUL */

struct config {
	uint32_t listen_count;                        /* 0: not given */
	struct tuy_address listen[TUY_ADDRESSES_MAX]; /* port 0: any free one */
	bool log_given;
	enum log_level log;
	bool lan;       /* look for friends on the local network; default true */
	char name[121]; /* shown to those who invite; empty: none given */
	uint32_t advertise_count;
	struct tuy_address advertise[TUY_ADDRESSES_MAX]; /* published instead of what was found */
	bool hooks_sealed;  /* hooks get sealed fields too; default false (hooks.h) */
	struct quiet quiet; /* quiet hours; default none */
};

/* What holds without a file. */
struct config config_default(void);

/* Reads the file over `config`'s values; a file that is not there changes nothing. 0, or -1 with
 * `error` ("T-CONFIG") and `config` unchanged. */
int config_load(const char *path, struct config *config, struct store_error *error);

/* "1.2.3.4:5", "[::1]:5"; numbers only, no names are looked up. 0 or -1. */
int config_address_parse(const char *text, struct tuy_address *address);
/* Writes it so; an IPv4 address in its usual form. */
void config_address_text(const struct tuy_address *address, char out[CONFIG_ADDRESS_TEXT]);

#endif
