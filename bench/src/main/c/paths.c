/* Files, the ring, and replies of a RESP server. */
#include "roofs.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define RING_HEADER_BYTES 8
#define RING_PADDING (-1)

int64_t roof_pwrite(int fd, const char *data, int bytes, int64_t offset, int64_t room, int64_t loops)
{
    int64_t at = 0, begin = now_ns();
    for (int64_t i = 0; i < loops; i++) {
        if (pwrite(fd, data, bytes, offset + at) != bytes)
            return -errno;
        at = at + 2 * bytes <= room ? at + bytes : 0;
    }
    return now_ns() - begin;
}

int64_t roof_pwrite_fdatasync(int fd, const char *data, int bytes, int64_t offset, int64_t room, int64_t loops)
{
    int64_t at = 0, begin = now_ns();
    for (int64_t i = 0; i < loops; i++) {
        if (pwrite(fd, data, bytes, offset + at) != bytes || fdatasync(fd) != 0)
            return -errno;
        at = at + 2 * bytes <= room ? at + bytes : 0;
    }
    return now_ns() - begin;
}

/*
 * A ring with many producers and one consumer: a claim is a compare-and-set of the tail, a commit the release of the length, and
 * the consumer zeroes what it has read. One thread plays both. `capacity` is a power of two; 128 bytes of counters lie behind it.
 */
int64_t roof_ring(char *memory, int64_t capacity, int message_bytes, int64_t loops)
{
    _Atomic int64_t *tail = (_Atomic int64_t *)(memory + capacity);
    _Atomic int64_t *head = (_Atomic int64_t *)(memory + capacity + 64);
    int64_t record = (RING_HEADER_BYTES + message_bytes + 7) / 8 * 8;
    int64_t begin = now_ns();
    atomic_store(tail, 0);
    atomic_store(head, 0);
    memset(memory, 0, capacity);
    for (int64_t i = 0; i < loops; i++) {
        int64_t seen = atomic_load(tail), next, index, padding;
        do {
            index = seen & (capacity - 1);
            padding = record > capacity - index ? capacity - index : 0;
            next = seen + padding + record;
            if (next - atomic_load(head) > capacity)
                return -EAGAIN;
        } while (!atomic_compare_exchange_weak(tail, &seen, next));
        if (padding > 0) {
            atomic_store_explicit((_Atomic int32_t *)(memory + index), RING_PADDING, memory_order_release);
            index = 0;
        }
        memcpy(memory + index + RING_HEADER_BYTES, &i, sizeof i);
        memcpy(memory + index + RING_HEADER_BYTES + 8, &next, sizeof next);
        atomic_store_explicit((_Atomic int32_t *)(memory + index), (int32_t)record, memory_order_release);

        int64_t from = atomic_load(head), sum;
        if (padding > 0)
            memset(memory + (from & (capacity - 1)), 0, padding);
        if (atomic_load_explicit((_Atomic int32_t *)(memory + index), memory_order_acquire) != record)
            return -EIO;
        memcpy(&sum, memory + index + RING_HEADER_BYTES, sizeof sum);
        if (sum != i)
            return -EIO;
        memset(memory + index, 0, record);
        atomic_store_explicit(head, next, memory_order_release);
    }
    return now_ns() - begin;
}

/* Bulks and simple strings, one after the other; the bytes of a bulk are copied to where they are wanted. */
int64_t roof_resp(const char *replies, int64_t bytes, char *target, int64_t loops)
{
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops; i++) {
        const char *at = replies, *end = replies + bytes;
        while (at < end) {
            const char *line = memchr(at, '\n', end - at);
            if (line == NULL || line[-1] != '\r')
                return -EPROTO;
            if (*at == '$') {
                int64_t length = 0;
                for (const char *digit = at + 1; digit < line - 1; digit++)
                    length = length * 10 + (*digit - '0');
                if (length > end - line - 3)
                    return -EPROTO;
                memcpy(target, line + 1, length);
                at = line + 1 + length + 2;
            } else if (*at == '+') {
                at = line + 1;
            } else {
                return -EPROTO;
            }
        }
    }
    return now_ns() - begin;
}
