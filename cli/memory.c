#include "memory.h"
#include "words.h"
#include <stdio.h>
#include <stdlib.h>

void *memory_check(void *memory)
{
	if (!memory) {
		fputs(_("T-MEMORY This machine has no memory left.\n"
		        "  Close other programs, then try again.\n"),
		      stderr);
		exit(EXIT_FAILURE);
	}
	return memory;
}
