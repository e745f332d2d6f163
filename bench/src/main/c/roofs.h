/*
 * The roofs that the benchmarks are measured beside: the same work on the same memory, from C. Each function that measures does its
 * work `loops` times and returns the nanoseconds that this took, or a negative errno.
 *
 * Built into a library that the benchmark's own JVM loads, so that both work on the very same pages in turn.
 */
#ifndef QSFS_ROOFS_H
#define QSFS_ROOFS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

static inline int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Reed-Solomon: the tables of `rows` rows over k shards; what they hold does not change the time. NULL without memory. */
unsigned char *roof_rs_tables(int k, int rows);
int64_t roof_rs(int bytes, int k, int rows, unsigned char *tables, unsigned char **from, unsigned char **to, int64_t loops);

/* AES-256-GCM as `openssl speed -evp aes-256-gcm` does it: one message that is as long as all loops together, in place. */
int64_t roof_gcm_speed(const unsigned char *key, unsigned char *text, int bytes, int64_t loops);
/* AES-256-GCM of whole messages: nonce, associated data, text, tag. */
int64_t roof_gcm_seal(const unsigned char *key, const unsigned char *aad, int aad_bytes, const unsigned char *plain,
                      unsigned char *sealed, int bytes, int64_t loops);
int64_t roof_gcm_open(const unsigned char *key, const unsigned char *aad, int aad_bytes, unsigned char *sealed,
                      unsigned char *plain, int bytes, int64_t loops);
int64_t roof_gmac(const unsigned char *key, const unsigned char *data, int bytes, unsigned char *tag, int64_t loops);

int64_t roof_crc32c(unsigned char *data, int bytes, int64_t loops);
int64_t roof_lz4(const char *plain, int bytes, char *packed, int room, int64_t loops);
int64_t roof_unlz4(const char *packed, int packed_bytes, char *plain, int bytes, int64_t loops);

/*
 * One pass over an area in steps, as a sealing goes through its memory. `what`: 0 AES-256-GCM from the one area to the other,
 * 1 GMAC, 2 CRC-32C.
 */
int64_t roof_pass(int what, const unsigned char *key, unsigned char *from, unsigned char *to, int64_t bytes, int step);

int64_t roof_pwrite(int fd, const char *data, int bytes, int64_t offset, int64_t room, int64_t loops);
int64_t roof_pwrite_fdatasync(int fd, const char *data, int bytes, int64_t offset, int64_t room, int64_t loops);
int64_t roof_ring(char *memory, int64_t capacity, int message_bytes, int64_t loops);
int64_t roof_resp(const char *replies, int64_t bytes, char *target, int64_t loops);

/* LMDB with `entries` inodes and as many names, as the index has them; NULL when it cannot be made. */
void *roof_lmdb_open(const char *file, int64_t entries);
int64_t roof_lmdb_lookup(void *index, int64_t loops);
int64_t roof_lmdb_insert(void *index, int batch, int64_t loops);
void roof_lmdb_close(void *index);

/* A libfuse session with the handlers of a C program on one end of a socket pair; NULL when it cannot be made. */
void *roof_fuse_open(int fd);
/* One thread: sends the request from `kernel_fd`, has the session receive and answer it, takes the answer. */
int64_t roof_fuse(void *session, int kernel_fd, char *request, int bytes, char *answer, int room, int64_t loops);
void roof_fuse_close(void *session);

#endif
