/* What every unit test links: the host's side of tuy_require. */
#include "../../proto/err.h"
#include <stdio.h>
#include <stdlib.h>

_Noreturn void tuy_require_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: required: %s\n", file, line, what);
	abort();
}
