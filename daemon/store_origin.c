/* Fingerprints and incarnations: see store_origin.h. */
#include "store_origin.h"
#include "store_rows.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONCE_SIZE  16
#define MACHINE_MAX 64
#define RETIRED_MAX ((size_t)2 * TUY_INCARNATIONS_MAX) /* the oldest are forgotten then */
#define PATH_ROOM   (STORE_DIR_MAX + 32)

static const struct tuy_bytes key_incarnation = { (const uint8_t *)"incarnation", 11 };
static const struct tuy_bytes key_retired = { (const uint8_t *)"retired", 7 };
const struct tuy_bytes store_key_settled = { (const uint8_t *)"settled", 7 };
static const struct tuy_bytes key_fingerprint = { (const uint8_t *)"fingerprint", 11 };

/* ---- files ---- */

/* Makes the nonce if there is none; durable. 0, or errno. */
static int nonce_make(const char *dir)
{
	char path[PATH_ROOM];
	uint8_t nonce[NONCE_SIZE];
	int rc = 0;
	(void)snprintf(path, sizeof path, "%s/" STORE_NONCE_FILE, dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : errno;
	randombytes_buf(nonce, sizeof nonce);
	errno = ENOSPC; /* of a write cut short */
	if (write(fd, nonce, sizeof nonce) != (ssize_t)sizeof nonce || fsync(fd) != 0)
		rc = errno;
	(void)close(fd);
	if (rc != 0) {
		(void)unlink(path);
		return rc;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		rc = errno;
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* At most `size` bytes of a file; how many, 0 if there is none. */
static size_t file_read(const char *path, uint8_t *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, bytes, size);
	(void)close(fd);
	return n > 0 ? (size_t)n : 0;
}

static size_t machine_id_read(uint8_t id[MACHINE_MAX])
{
	size_t len = file_read("/etc/machine-id", id, MACHINE_MAX);
	return len > 0 ? len : file_read("/var/lib/dbus/machine-id", id, MACHINE_MAX);
}

enum file_time { FILE_BORN, FILE_CHANGED };
#define FILE_FACTS 20 /* inode u64, seconds u64, nanoseconds u32 */

static int file_facts(const char *path, enum file_time which, uint8_t facts[FILE_FACTS])
{
	struct statx st;
	struct statx_timestamp time = { 0 };
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_CTIME | STATX_BTIME,
	          &st) != 0)
		return errno;
	if (which == FILE_CHANGED)
		time = st.stx_ctime;
	else if ((st.stx_mask & STATX_BTIME) != 0)
		time = st.stx_btime;
	tuy_put64(facts, st.stx_ino);
	tuy_put64(facts + 8, (uint64_t)time.tv_sec);
	tuy_put32(facts + 16, time.tv_nsec);
	return 0;
}

int store_fingerprint(const char *dir, struct tuy_bytes machine_id, struct tuy_hash *fingerprint)
{
	char path[PATH_ROOM];
	uint8_t facts[2 * FILE_FACTS];
	uint8_t nonce[NONCE_SIZE];
	(void)snprintf(path, sizeof path, "%s/" STORE_DATA_FILE, dir);
	int rc = file_facts(path, FILE_BORN, facts);
	if (rc != 0)
		return rc;
	(void)snprintf(path, sizeof path, "%s/" STORE_NONCE_FILE, dir);
	rc = file_facts(path, FILE_CHANGED, facts + FILE_FACTS);
	if (rc != 0)
		return rc;
	struct tuy_bytes content = { nonce, file_read(path, nonce, sizeof nonce) };
	*fingerprint = tuy_hash("tuyau store v1", machine_id, TUY_BYTES(facts), content);
	return 0;
}

/* ---- incarnations ---- */

/* Incarnations that are known to have been used, each once. */
struct used {
	struct tuy_incarnation list[RETIRED_MAX];
	size_t count;
};

static int used_has(const struct used *used, const struct tuy_incarnation *incarnation)
{
	for (size_t i = 0; i < used->count; i++)
		if (memcmp(&used->list[i], incarnation, sizeof *incarnation) == 0)
			return 1;
	return 0;
}

static void used_add(struct used *used, const struct tuy_incarnation *incarnation)
{
	if (used_has(used, incarnation))
		return;
	if (used->count == RETIRED_MAX) {
		memmove(&used->list[0], &used->list[1], (RETIRED_MAX - 1) * sizeof used->list[0]);
		used->count--;
	}
	used->list[used->count++] = *incarnation;
}

/* The retired ones and the present one, which stands last. */
static int used_read(MDB_txn *txn, const struct store_tables *tables, struct used *used)
{
	struct tuy_incarnation one;
	struct tuy_bytes value;
	used->count = 0;
	int rc = store_get(txn, tables, STORE_META, key_retired, &value);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return rc;
	for (size_t at = 0; rc == 0 && at + sizeof one.b <= value.len; at += sizeof one.b) {
		memcpy(one.b, value.p + at, sizeof one.b);
		used_add(used, &one);
	}
	rc = store_get(txn, tables, STORE_META, key_incarnation, &value);
	if (rc != 0)
		return rc;
	if (value.len != sizeof one.b)
		return MDB_CORRUPTED;
	memcpy(one.b, value.p, sizeof one.b);
	used_add(used, &one);
	return 0;
}

/* Also those that came back from peers: an older copy does not know that it had used them. */
static int used_add_logs(MDB_txn *txn, const struct store_tables *tables,
                         const struct tuy_device *device, struct used *used)
{
	struct store_log_row row;
	for (uint32_t log_no = 0;; log_no++) {
		int rc = store_log_get(txn, tables, log_no, &row);
		if (rc != 0)
			return rc == MDB_NOTFOUND ? 0 : rc;
		if (memcmp(&row.log.device, device, sizeof *device) == 0)
			used_add(used, &row.incarnation);
	}
}

int store_incarnation_put(MDB_txn *txn, const struct store_tables *tables,
                          const struct tuy_incarnation *incarnation)
{
	struct used used;
	int rc = used_read(txn, tables, &used);
	if (rc != 0)
		return rc;
	if (memcmp(&used.list[used.count - 1], incarnation, sizeof *incarnation) == 0)
		return 0;
	if (used_has(&used, incarnation))
		return STORE_RETIRED;
	struct tuy_bytes list = { used.list[0].b, used.count * sizeof used.list[0] };
	struct tuy_bytes now = TUY_BYTES(incarnation->b);
	rc = store_put(txn, tables, STORE_META, key_retired, &list, 1, 0);
	return rc == 0 ? store_put(txn, tables, STORE_META, key_incarnation, &now, 1, 0) : rc;
}

int store_settled_put(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                      const struct tuy_incarnation *incarnation)
{
	struct tuy_incarnation all[TUY_CIRCLES_MAX] = { { { 0 } } };
	struct tuy_bytes value;
	struct tuy_bytes part = { all[0].b, sizeof all };
	int rc = store_get(txn, tables, STORE_META, store_key_settled, &value);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return rc;
	if ((rc == 0 && value.len != sizeof all) || circle_no >= TUY_CIRCLES_MAX)
		return MDB_CORRUPTED;
	if (rc == 0)
		memcpy(all, value.p, sizeof all);
	all[circle_no] = *incarnation;
	return store_put(txn, tables, STORE_META, store_key_settled, &part, 1, 0);
}

/* The store is a copy: a new incarnation, unless they are spent. */
static int copy_settle(struct store *store, MDB_txn *txn, const struct tuy_device *device)
{
	struct tuy_incarnation made;
	struct used used;
	int rc = used_read(txn, &store->tables, &used);
	if (rc == 0)
		rc = used_add_logs(txn, &store->tables, device, &used);
	if (rc != 0)
		return rc;
	store->incarnations = (uint32_t)used.count;
	store->origin = STORE_ORIGIN_SPENT;
	if (used.count >= TUY_INCARNATIONS_MAX)
		return 0;
	randombytes_buf(made.b, sizeof made.b);
	rc = store_incarnation_put(txn, &store->tables, &made);
	if (rc != 0)
		return rc;
	store->incarnation = made;
	store->incarnations++;
	store->origin = STORE_ORIGIN_COPY;
	return 0;
}

/* In a transaction of the caller. `*changed`: it is to be committed. */
static int fingerprint_settle(struct store *store, MDB_txn *txn, const struct tuy_device *device,
                              const struct tuy_hash *fingerprint, int *changed)
{
	struct tuy_bytes value;
	struct tuy_bytes part = TUY_BYTES(fingerprint->b);
	int rc = store_get(txn, &store->tables, STORE_META, key_fingerprint, &value);
	*changed = 0;
	if (rc == 0 && value.len == part.len && memcmp(value.p, part.p, part.len) == 0)
		return 0;
	if (rc != 0 && rc != MDB_NOTFOUND)
		return rc;
	*changed = 1;
	if (rc == 0)
		rc = copy_settle(store, txn, device);
	else
		rc = 0;
	return rc == 0 ? store_put(txn, &store->tables, STORE_META, key_fingerprint, &part, 1, 0)
	               : rc;
}

int store_origin_settle(struct store *store, const struct tuy_device *device)
{
	struct tuy_hash fingerprint;
	uint8_t machine_id[MACHINE_MAX];
	struct tuy_bytes machine = { machine_id, machine_id_read(machine_id) };
	struct used used;
	MDB_txn *txn;
	int changed = 0;
	store->origin = STORE_ORIGIN_SAME;
	int rc = nonce_make(store->dir);
	if (rc == 0)
		rc = store_fingerprint(store->dir, machine, &fingerprint);
	if (rc == 0)
		rc = mdb_txn_begin(store->env, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	rc = used_read(txn, &store->tables, &used);
	store->incarnations = (uint32_t)used.count;
	if (rc == 0)
		rc = fingerprint_settle(store, txn, device, &fingerprint, &changed);
	if (rc != 0 || !changed) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn);
	if (rc == 0)
		store_settle(store);
	return rc;
}
