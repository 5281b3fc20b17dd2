#include "qr.h"
#include <qrencode.h>
#include <stdbool.h>

#define QUIET     4                        /* modules around it, ISO 18004 */
#define COLOURS   "\033[38;5;16;48;5;231m" /* of the fixed cube: black on white */
#define NO_COLOUR "\033[0m"

static QRcode *code_make(const char *text)
{
	return QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
}

static bool is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->data[y * code->width + x] & 1;
}

struct qr_size qr_measure(const char *text)
{
	struct qr_size size = { 0, 0 };
	QRcode *code = code_make(text);
	if (!code)
		return size;
	size.columns = (size_t)code->width + 2 * QUIET;
	size.lines = (size.columns + 1) / 2;
	QRcode_free(code);
	return size;
}

int qr_print(const char *text, FILE *out)
{
	static const char *const cells[] = { " ", "▀", "▄", "█" };
	QRcode *code = code_make(text);
	if (!code)
		return -1;
	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		fputs(COLOURS, out);
		for (int x = -QUIET; x < code->width + QUIET; x++)
			fputs(cells[is_dark(code, x, y) + 2 * is_dark(code, x, y + 1)], out);
		fputs(NO_COLOUR "\n", out);
	}
	QRcode_free(code);
	return 0;
}
