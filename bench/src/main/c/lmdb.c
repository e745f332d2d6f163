/* LMDB in the shape of the index: a tree of inodes and names, flags and transactions as there. */
#include "roofs.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAP_BYTES (INT64_C(4) << 30)
#define INODE_BYTES 72
#define NAME_BYTES 17
#define KEY_BYTES_MAX 32
#define DIRECTORY 1

struct roof_index {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *reader;
    int64_t entries;
    int64_t next;
    uint64_t random;
};

static size_t number_key(char *key, char tag, uint64_t number)
{
    key[0] = tag;
    for (int i = 0; i < 8; i++)
        key[1 + i] = (char)(number >> (56 - 8 * i));
    return 9;
}

static size_t name_key(char *key, uint64_t number)
{
    number_key(key, 'D', DIRECTORY);
    for (int at = 15; at >= 8; at--, number /= 10)
        key[9 + at - 8] = (char)('0' + number % 10);
    return 9 + 8;
}

static size_t cookie_key(char *key, uint64_t cookie)
{
    number_key(key, 'C', DIRECTORY);
    for (int i = 0; i < 8; i++)
        key[9 + i] = (char)(cookie >> (56 - 8 * i));
    return 17;
}

static int put(MDB_txn *txn, MDB_dbi dbi, char *key, size_t key_bytes, const char *value, size_t bytes)
{
    MDB_val k = {key_bytes, key}, v = {bytes, (void *)value};
    return mdb_put(txn, dbi, &k, &v, 0);
}

/* A name takes its entry, its cookie, its inode, and the changed directory. */
static int insert(struct roof_index *index, MDB_txn *txn, uint64_t number)
{
    char key[KEY_BYTES_MAX], value[INODE_BYTES] = {0};
    memcpy(value, &number, sizeof number);
    int rc = put(txn, index->dbi, key, number_key(key, 'I', number), value, INODE_BYTES);
    rc = rc == 0 ? put(txn, index->dbi, key, name_key(key, number), value, NAME_BYTES) : rc;
    rc = rc == 0 ? put(txn, index->dbi, key, cookie_key(key, number), value, 16) : rc;
    return rc == 0 ? put(txn, index->dbi, key, number_key(key, 'I', DIRECTORY), value, INODE_BYTES) : rc;
}

static int fill(struct roof_index *index)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(index->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = mdb_dbi_open(txn, NULL, 0, &index->dbi);
    for (index->next = 2; index->next < index->entries + 2 && rc == 0; index->next++)
        rc = insert(index, txn, index->next);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

void *roof_lmdb_open(const char *file, int64_t entries)
{
    struct roof_index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return NULL;
    index->entries = entries;
    index->random = 88172645463325252u;
    int rc = mdb_env_create(&index->env);
    rc = rc == 0 ? mdb_env_set_mapsize(index->env, MAP_BYTES) : rc;
    rc = rc == 0 ? mdb_env_open(index->env, file, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC | MDB_NORDAHEAD, 0600) : rc;
    rc = rc == 0 ? fill(index) : rc;
    rc = rc == 0 ? mdb_txn_begin(index->env, NULL, MDB_RDONLY, &index->reader) : rc;
    if (rc != 0) {
        fprintf(stderr, "roof_lmdb_open: %s\n", mdb_strerror(rc));
        roof_lmdb_close(index);
        return NULL;
    }
    return index;
}

static uint64_t next_random(struct roof_index *index)
{
    index->random ^= index->random << 13;
    index->random ^= index->random >> 7;
    index->random ^= index->random << 17;
    return index->random;
}

/* As a lookup of a request: the newest snapshot, the name, the inode. */
int64_t roof_lmdb_lookup(void *opaque, int64_t loops)
{
    struct roof_index *index = opaque;
    char key[KEY_BYTES_MAX], inode[INODE_BYTES];
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops; i++) {
        uint64_t number = 2 + next_random(index) % index->entries;
        mdb_txn_reset(index->reader);
        int rc = mdb_txn_renew(index->reader);
        MDB_val k = {name_key(key, number), key}, v;
        rc = rc == 0 ? mdb_get(index->reader, index->dbi, &k, &v) : rc;
        if (rc == 0) {
            memcpy(inode, v.mv_data, NAME_BYTES);
            k = (MDB_val){number_key(key, 'I', number), key};
            rc = mdb_get(index->reader, index->dbi, &k, &v);
        }
        if (rc != 0)
            return -EIO;
        memcpy(inode, v.mv_data, INODE_BYTES);
    }
    return now_ns() - begin;
}

int64_t roof_lmdb_insert(void *opaque, int batch, int64_t loops)
{
    struct roof_index *index = opaque;
    int64_t begin = now_ns();
    mdb_txn_reset(index->reader); /* an old snapshot would hold freed pages back */
    for (int64_t done = 0; done < loops; done += batch) {
        MDB_txn *txn;
        int rc = mdb_txn_begin(index->env, NULL, 0, &txn);
        if (rc != 0)
            return -EIO;
        for (int i = 0; i < batch && rc == 0; i++)
            rc = insert(index, txn, index->next++);
        if (rc != 0) {
            mdb_txn_abort(txn);
            return -EIO;
        }
        if (mdb_txn_commit(txn) != 0)
            return -EIO;
    }
    return now_ns() - begin;
}

void roof_lmdb_close(void *opaque)
{
    struct roof_index *index = opaque;
    if (index->reader != NULL)
        mdb_txn_abort(index->reader);
    mdb_env_close(index->env);
    free(index);
}
