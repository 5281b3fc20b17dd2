#include "tell.h"
#include "log.h"

void tell_log(const struct tuy_tell *t, const char *error)
{
	struct log_name peer = log_peer(&t->device);
	switch (t->kind) {
	case TUY_TELL_STORED:
		if (t->stored == TUY_STORED_FAILED)
			log_line(LOG_UNUSUAL, "store", "what=failed ticket=%llu code=%s",
			         (unsigned long long)t->ticket, error);
		break;
	case TUY_TELL_JOINED:
		log_line(LOG_INFO, "node", "what=joined circle=%u", t->circle_no);
		break;
	case TUY_TELL_REJECTED:
		log_line(LOG_INFO, "node", "what=rejected code=%d", (int)t->code);
		break;
	case TUY_TELL_UNREACHED:
		log_line(LOG_INFO, "node", "what=unreached");
		break;
	case TUY_TELL_ADMITTED:
		log_line(LOG_INFO, "node", "peer=%s what=admitted circle=%u", peer.text,
		         t->circle_no);
		break;
	case TUY_TELL_LINK_UP:
		log_line(LOG_INFO, "node", "peer=%s what=up link=%u", peer.text, t->link);
		break;
	case TUY_TELL_LINK_DOWN:
		log_line(LOG_INFO, "node", "peer=%s what=down link=%u", peer.text, t->link);
		break;
	case TUY_TELL_ENTRIES:
		log_line(LOG_DEBUG, "node", "what=entries circle=%u log=%u seq=%u count=%u",
		         t->circle_no, t->log_no, t->seq, t->count);
		break;
	case TUY_TELL_ERASED:
		log_line(LOG_DEBUG, "node", "peer=%s what=erased circle=%u log=%u seq=%u count=%u",
		         peer.text, t->circle_no, t->log_no, t->seq, t->count);
		break;
	case TUY_TELL_FAULT:
		log_line(LOG_UNUSUAL, "node", "what=fault link=%u err=%s", t->link,
		         tuy_err_name(t->err));
		break;
	case TUY_TELL_FORKED:
		log_line(LOG_UNUSUAL, "node", "peer=%s what=forked circle=%u log=%u seq=%u",
		         peer.text, t->circle_no, t->log_no, t->seq);
		break;
	case TUY_TELL_VOIDED:
		log_line(LOG_DEBUG, "node", "what=voided circle=%u log=%u", t->circle_no,
		         t->log_no);
		break;
	case TUY_TELL_INCARNATION:
	case TUY_TELL_CLONE:
		break; /* notice.c */
	}
}
