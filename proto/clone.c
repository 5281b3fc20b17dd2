/*
 * Two processes of one device at once (PROTOCOL 5.7): who sees both brings them together, and each
 * believes only what the key of its device signed after its own start.
 */
#include "machine.h"

#include <string.h>

static struct tuy_bytes bytes_of(const void *p, size_t len)
{
	return (struct tuy_bytes){ p, len };
}

static void clone_say(struct link *link, const struct link *other)
{
	link->clone_due = true;
	memcpy(link->clone_boot, other->boot_id, sizeof link->clone_boot);
}

/* PROTOCOL 5.7: "If it comes, two processes have one device key: a clone." */
void tuy_clone_pong(struct tuy_node *n, struct link *link)
{
	struct link *newer = tuy_link_at(n, link->rival);

	link->rival = 0;
	if (!newer || newer->state != LINK_UP || newer->close_due || newer->peer != link->peer)
		return;
	clone_say(link, newer);
	clone_say(newer, link);
}

static void clone_take(const struct tuy_node *n, struct link *link, const struct tuy_message *m)
{
	if (memcmp(m->u.clone.boot_id, n->boot_id, sizeof n->boot_id) == 0)
		return;
	link->alive_due = true;
	memcpy(link->alive_boot, m->u.clone.boot_id, sizeof link->alive_boot);
}

/* Did the device sign that a process of it writes in this incarnation, for the one of that boot_id?
 * Who passes on what is not so is blamed as its author. */
static bool alive_holds(struct tuy_node *n, struct link *link, const struct tuy_device *device,
                        const struct tuy_message *m)
{
	if (tuy_verify(device->b, "tuyau clone v1",
	               bytes_of(m->u.alive.boot_id, sizeof m->u.alive.boot_id),
	               TUY_BYTES(m->u.alive.incarnation.b), &m->u.alive.sig) == TUY_OK)
		return true;
	tuy_node_fault(n, link, TUY_E_SIGNATURE);
	if (++link->bad_signatures >= TUY_BAD_SIGNATURES_MAX)
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
	return false;
}

/* ALIVE for another process of the device that it came from. */
static void alive_pass(struct tuy_node *n, struct link *link, const struct tuy_message *m)
{
	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link *to = &n->link[i];

		if (to->state != LINK_UP || to == link || to->peer == NONE ||
		    to->peer != link->peer || !to->boot_known ||
		    memcmp(to->boot_id, m->u.alive.boot_id, sizeof to->boot_id) != 0)
			continue;
		if (!alive_holds(n, link, &n->peer[link->peer].device, m))
			return;
		to->pass_due = true;
		to->pass_incarnation = m->u.alive.incarnation;
		to->pass_sig = m->u.alive.sig;
	}
}

static void alive_take(struct tuy_node *n, struct link *link, const struct tuy_message *m)
{
	if (memcmp(m->u.alive.boot_id, n->boot_id, sizeof n->boot_id) != 0) {
		alive_pass(n, link, m);
		return;
	}
	if (alive_holds(n, link, &n->keys->device, m))
		tuy_own_cloned(n, link, &m->u.alive.incarnation);
}

void tuy_clone_message(struct tuy_node *n, struct link *link, const struct tuy_message *m)
{
	if (m->type == TUY_MSG_CLONE)
		clone_take(n, link, m);
	else
		alive_take(n, link, m);
}

bool tuy_clone_write(struct tuy_node *n, struct link *link, struct tuy_writer *w)
{
	if (link->clone_due) {
		link->clone_due = false;
		tuy_message_put_clone(w, link->clone_boot);
	} else if (link->alive_due) {
		struct tuy_sig sig = tuy_sign(n->keys->sign_sk, "tuyau clone v1",
		                              bytes_of(link->alive_boot, sizeof link->alive_boot),
		                              TUY_BYTES(n->incarnation.b));

		link->alive_due = false;
		tuy_message_put_alive(w, link->alive_boot, &n->incarnation, &sig);
	} else if (link->pass_due) {
		link->pass_due = false;
		tuy_message_put_alive(w, link->boot_id, &link->pass_incarnation, &link->pass_sig);
	} else {
		return false;
	}
	return true;
}
