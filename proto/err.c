#include "err.h"

const char *tuy_err_name(enum tuy_err err)
{
	switch (err) {
	case TUY_OK:
		return "ok";
	case TUY_E_SHORT:
		return "short";
	case TUY_E_FORMAT:
		return "format";
	case TUY_E_LIMIT:
		return "limit";
	case TUY_E_FULL:
		return "full";
	case TUY_E_SIGNATURE:
		return "signature";
	case TUY_E_CHAIN:
		return "chain";
	case TUY_E_COMMIT:
		return "commit";
	case TUY_E_OPEN:
		return "open";
	case TUY_E_GAP:
		return "gap";
	case TUY_E_UNKNOWN:
		return "unknown";
	case TUY_E_REFUSED:
		return "refused";
	case TUY_E_USED:
		return "used";
	case TUY_E_EXPIRED:
		return "expired";
	case TUY_E_CONFLICT:
		return "conflict";
	case TUY_E_STORE:
		return "store";
	}
	return "other";
}
