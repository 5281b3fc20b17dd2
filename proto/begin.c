/* Logs that are not known yet (PROTOCOL 7.3, 7.4): a LOGINFO is only remembered, since anybody can
 * make it up; the log begins with what its device signed. */
#include "machine.h"

#include <string.h>

void tuy_begin_info(struct tuy_node *n, struct link *link, uint32_t circle_no,
                    const struct tuy_message *m)
{
	const struct tuy_circle_state *c = &n->circle[circle_no];
	struct tuy_log_id id = tuy_log_id(&c->id, &m->u.loginfo.device, &m->u.loginfo.incarnation);
	struct tuy_log16 log16 = tuy_log16(&id);

	if (memcmp(&log16, &m->u.loginfo.log, sizeof log16) != 0) {
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
		return;
	}
	link->info_circle = circle_no;
	link->info_id = id;
	link->info_device = m->u.loginfo.device;
	link->info_incarnation = m->u.loginfo.incarnation;
}

bool tuy_begin_named(struct tuy_node *n, const struct link *link, uint32_t circle_no,
                     const struct tuy_log16 *log)
{
	uint32_t device = tuy_circle_device_find(&n->circle[circle_no], &link->info_device);
	struct tuy_log16 log16 = tuy_log16(&link->info_id);
	uint32_t incarnations = 0;

	if (link->info_circle != circle_no || device == NONE ||
	    memcmp(&log16, log, sizeof log16) != 0) {
		n->own[circle_no].orphans = true;
		return false;
	}
	for (uint32_t i = 0; i < n->log_count; i++)
		incarnations += n->log[i].circle_no == circle_no && n->log[i].device == device;
	return incarnations < TUY_INCARNATIONS_MAX && n->store_retry_ms == 0;
}

uint32_t tuy_begin_log(struct tuy_node *n, struct link *link, struct stage *stage)
{
	const struct tuy_circle_state *c = &n->circle[link->info_circle];
	uint32_t device = tuy_circle_device_find(c, &link->info_device);
	uint32_t log_no = tuy_log_create(n, link->info_circle, device, &link->info_incarnation);
	struct tuy_store_item *item;

	if (log_no == NONE) {
		tuy_node_fault(n, link, TUY_E_FULL);
		return NONE;
	}
	item = tuy_stage_item(stage, TUY_STORE_LOG, link->info_circle);
	item->log_no = log_no;
	item->u.log.id = link->info_id;
	item->u.log.member = c->device[device].cert.member;
	item->u.log.device = link->info_device;
	item->u.log.incarnation = link->info_incarnation;
	return log_no;
}
