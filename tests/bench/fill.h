/*
 * A store that is filled directly, through its own writer: what a node would have written when it
 * took all this from others. Any failure ends the program.
 *
 * Thread rule: one thread makes and uses a fill.
 */
#ifndef FILL_H
#define FILL_H

#include "../../daemon/store.h"
#include "../../daemon/writer.h"
#include "../../proto/record.h"
#include "people.h"

struct fill;

/* Opens or makes the store in `dir`. `keys` stay the caller's and must outlive it. */
struct fill *fill_open(const char *dir, const struct tuy_device_keys *keys,
                       enum writer_index index);
const struct tuy_incarnation *fill_incarnation(const struct fill *fill);

/* The circle: operations and the epoch key. `people` must outlive it. */
void fill_circle(struct fill *fill, const struct people *people);
/* The addresses of a device, signed with its keys. */
void fill_address(struct fill *fill, const struct person *person,
                  const struct tuy_address *address);
/* Makes log `log_no`, the next number: that of a person, in their incarnation (`nth` 0) or an
 * invented later one. */
#define FILL_LOGS_MAX 1024
void fill_log(struct fill *fill, const struct people *people, uint32_t log_no, uint32_t person,
              uint32_t nth);
/* Where a log stands now. */
struct tuy_log_state fill_log_state(const struct fill *fill, uint32_t log_no);

/* Gives the i-th record (from 0) of a log: its bytes, kept in `buffer` (TIP_RECORD_MAX bytes). */
typedef struct tuy_bytes fill_record(void *context, uint32_t log_no, uint32_t i, uint8_t *buffer);
/* From now on the entries of each call of fill_entries claim times evenly from `first_s` to now. */
void fill_since(struct fill *fill, uint32_t first_s);
/* From now on records of which `is_sealed` says so are sealed to these two devices. NULL: none. */
typedef bool fill_sealed(const struct tuy_record *record);
void fill_seal(struct fill *fill, fill_sealed *is_sealed, const struct tuy_box_pk to[2]);
/* Appends `count` entries to a log. Returns the bytes of all blobs together. */
uint64_t fill_entries(struct fill *fill, const struct people *people, uint32_t log_no,
                      uint32_t count, fill_record *record, void *context);

/* Waits for what is under way and closes the store. */
void fill_close(struct fill *fill);

#endif
