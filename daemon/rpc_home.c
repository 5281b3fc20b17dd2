#include "rpc_home.h"
#include <sodium.h>
#include <stdlib.h>

struct rpc_home *rpc_home_create(struct daemon *d)
{
	struct rpc_home *home = calloc(1, sizeof *home);
	if (!home)
		return NULL;
	home->d = d;
	home->recovery = sodium_malloc(TUY_RECOVERY_TEXT);
	home->synonyms = synonyms_create(d->paths->synonyms);
	if (!home->recovery || !home->synonyms) {
		sodium_free(home->recovery);
		synonyms_destroy(home->synonyms);
		free(home);
		return NULL;
	}
	sodium_memzero(home->recovery, TUY_RECOVERY_TEXT);
	struct store_reading reading;
	if (store_reading_begin(d->store, &reading) == 0) {
		watches_load(&home->watches, &reading);
		store_reading_end(&reading);
	}
	return home;
}

void rpc_home_destroy(struct rpc_home *home)
{
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		free(home->circle[i].people);
	watches_clear(&home->watches);
	synonyms_destroy(home->synonyms);
	sodium_free(home->recovery); /* wipes */
	sodium_memzero(home->blob, sizeof home->blob);
	sodium_memzero(home->named, sizeof home->named);
	free(home);
}

void rpc_home_forget(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	if (call->write.ticket != 0)
		loop_forget(home->d, call);
	if (home->joining == call)
		home->joining = NULL;
	if (home->founding == call)
		home->founding = NULL;
}

int rpc_reading_begin(struct rpc_call *call, struct store_reading *reading)
{
	if (store_reading_begin(call->home->d->store, reading) == 0)
		return 0;
	rpc_fail(call, "T-STORE-IO", "tuyau status", "The store in %s cannot be read.",
	         call->home->d->paths->store_dir);
	return -1;
}
