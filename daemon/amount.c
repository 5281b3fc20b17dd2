#include "amount.h"
#include <stdbool.h>
#include <string.h>

#define DIGITS_MAX 12

static const char *const bands[AMOUNT_BANDS] = { "0-1k", "1-5k", "5-20k", "20-100k", "100k+" };

const char *amount_band_name(uint32_t band)
{
	return bands[band];
}

uint32_t amount_band(struct tuy_bytes text)
{
	uint32_t band = 0;
	while (band < AMOUNT_BANDS &&
	       (strlen(bands[band]) != text.len || memcmp(bands[band], text.p, text.len) != 0))
		band++;
	return band;
}

static bool is_digit(struct tuy_bytes text, size_t i)
{
	return i < text.len && text.p[i] >= '0' && text.p[i] <= '9';
}

int amount_read(struct tuy_bytes text, uint64_t *hundredths)
{
	uint64_t value = 0;
	size_t i = 0;
	for (; is_digit(text, i) && i < DIGITS_MAX; i++)
		value = 10 * value + (uint64_t)(text.p[i] - '0');
	if (i == 0)
		return -1;
	size_t point = i;
	i += i < text.len && text.p[i] == '.' ? 1 : 0;
	for (uint64_t k = 0; k < 2; k++) {
		value *= 10;
		if (i > point && is_digit(text, i))
			value += (uint64_t)(text.p[i++] - '0');
	}
	if (i != text.len || i == point + 1)
		return -1;
	*hundredths = value;
	return 0;
}
