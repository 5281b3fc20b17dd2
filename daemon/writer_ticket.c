/* Tickets and queues of them: see writer_ticket.h. */
#include "writer_ticket.h"
#include <stdlib.h>
#include <string.h>

void tickets_init(struct tickets *tickets)
{
	tickets->first = NULL;
	tickets->end = &tickets->first;
}

void tickets_push(struct tickets *tickets, struct ticket *ticket)
{
	ticket->next = NULL;
	*tickets->end = ticket;
	tickets->end = &ticket->next;
}

struct ticket *tickets_pop(struct tickets *tickets)
{
	struct ticket *ticket = tickets->first;
	if (ticket == NULL)
		return NULL;
	tickets->first = ticket->next;
	if (tickets->first == NULL)
		tickets->end = &tickets->first;
	return ticket;
}

struct tickets tickets_take(struct tickets *tickets)
{
	struct tickets taken = *tickets;
	if (taken.first == NULL)
		taken.end = NULL;
	tickets_init(tickets);
	return taken;
}

struct ticket *ticket_pop_taken(struct tickets *taken)
{
	struct ticket *ticket = taken->first;
	if (ticket != NULL)
		taken->first = ticket->next;
	return ticket;
}

void ticket_free(struct ticket *ticket)
{
	for (uint32_t i = 0; i < ticket->row_count; i++)
		free(ticket->rows[i].key);
	free(ticket->rows);
	free(ticket->places);
	free(ticket->logs);
	free(ticket);
}

static void ticket_measure(struct ticket *ticket)
{
	for (uint32_t i = 0; i < ticket->count; i++) {
		const struct tuy_store_item *item = &ticket->items[i];
		ticket->bytes += 256;
		if (item->kind == TUY_STORE_OP)
			ticket->bytes += item->u.op.bytes.len;
		if (item->kind == TUY_STORE_BLOB)
			ticket->bytes += item->u.blob.blob.len;
		if (item->kind != TUY_STORE_ENTRIES)
			continue;
		ticket->entry_count += item->u.entries.count;
		for (uint32_t j = 0; j < item->u.entries.count; j++)
			ticket->bytes += 128 + item->u.entries.blobs[j].len;
		ticket->heads[ticket->head_count++] =
			(struct ticket_head){ item->log_no, item->u.entries.head.seq };
	}
}

struct ticket *ticket_of_items(uint64_t number, const struct tuy_store_item *items, uint32_t count)
{
	uint32_t head_count = 0;
	for (uint32_t i = 0; i < count; i++)
		head_count += items[i].kind == TUY_STORE_ENTRIES;
	struct ticket *made = calloc(1, sizeof *made + head_count * sizeof made->heads[0]);
	if (made == NULL)
		return NULL;
	made->number = number;
	made->items = items;
	made->count = count;
	ticket_measure(made);
	return made;
}

struct ticket *ticket_of_rows(uint64_t number, const struct writer_row *rows, uint32_t count)
{
	struct ticket *made = calloc(1, sizeof *made);
	if (made == NULL)
		return NULL;
	made->number = number;
	made->rows = calloc(count, sizeof made->rows[0]);
	for (; made->rows != NULL && made->row_count < count; made->row_count++) {
		const struct writer_row *row = &rows[made->row_count];
		uint8_t *room = malloc(row->key.len + row->value.len);
		if (room == NULL)
			break;
		memcpy(room, row->key.p, row->key.len);
		if (row->value.len > 0)
			memcpy(room + row->key.len, row->value.p, row->value.len);
		made->rows[made->row_count] =
			(struct ticket_row){ row->own, room, (uint32_t)row->key.len,
			                     (uint32_t)row->value.len, row->value.p == NULL };
		made->bytes += 256 + row->value.len;
	}
	if (made->row_count == count)
		return made;
	ticket_free(made);
	return NULL;
}

struct ticket *ticket_of_places(uint64_t number, const struct store_place *places, uint32_t count)
{
	struct ticket *made = calloc(1, sizeof *made);
	if (made == NULL)
		return NULL;
	made->number = number;
	made->places = calloc(count + 1, sizeof made->places[0]);
	if (made->places == NULL) {
		free(made);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		made->places[i] = places[i];
	made->place_count = count;
	made->bytes = (size_t)256 * count;
	return made;
}
