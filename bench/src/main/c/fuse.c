/* A libfuse session that answers from memory, on one end of a socket pair. */
#define FUSE_USE_VERSION 314
#include "roofs.h"

#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define RECEIVE_BYTES (257 * 4096)
#define UNIQUE_OFFSET 8
#define HEADER_BYTES 16
#define CONTENT_BYTES (1 << 20)

struct roof_session {
    struct fuse_session *session;
    struct fuse_buf buffer;
};

static char content[CONTENT_BYTES];

static void attributes(struct stat *out, fuse_ino_t inode)
{
    memset(out, 0, sizeof *out);
    out->st_ino = inode;
    out->st_mode = inode == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644;
    out->st_nlink = 1;
    out->st_size = CONTENT_BYTES;
}

static void on_init(void *user_data, struct fuse_conn_info *connection)
{
    (void)user_data;
    connection->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
    struct stat out;
    (void)info;
    attributes(&out, inode);
    fuse_reply_attr(request, &out, 1.0);
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry;
    (void)parent;
    memset(&entry, 0, sizeof entry);
    entry.ino = 2 + strlen(name);
    attributes(&entry.attr, entry.ino);
    fuse_reply_entry(request, &entry);
}

static void on_read(fuse_req_t request, fuse_ino_t inode, size_t bytes, off_t offset, struct fuse_file_info *info)
{
    (void)inode;
    (void)info;
    fuse_reply_buf(request, content + offset % (CONTENT_BYTES / 2), bytes);
}

static void on_write(fuse_req_t request, fuse_ino_t inode, const char *data, size_t bytes, off_t offset,
                     struct fuse_file_info *info)
{
    (void)inode;
    (void)data;
    (void)offset;
    (void)info;
    fuse_reply_write(request, bytes);
}

static ssize_t io_writev(int fd, struct iovec *parts, int count, void *user_data)
{
    (void)user_data;
    return writev(fd, parts, count);
}

static ssize_t io_read(int fd, void *buffer, size_t bytes, void *user_data)
{
    (void)user_data;
    return read(fd, buffer, bytes);
}

static const struct fuse_lowlevel_ops operations = {
    .init = on_init,
    .getattr = on_getattr,
    .lookup = on_lookup,
    .read = on_read,
    .write = on_write,
};

static const struct fuse_custom_io io = {.writev = io_writev, .read = io_read};

void *roof_fuse_open(int fd)
{
    char *arguments[] = {"roof", NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
    struct roof_session *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->buffer.mem = malloc(RECEIVE_BYTES);
    made->session = fuse_session_new(&args, &operations, sizeof operations, NULL);
    fuse_opt_free_args(&args);
    if (made->buffer.mem == NULL || made->session == NULL || fuse_session_custom_io(made->session, &io, fd) != 0) {
        free(made->buffer.mem);
        free(made);
        return NULL;
    }
    return made;
}

int64_t roof_fuse(void *opaque, int kernel_fd, char *request, int bytes, char *answer, int room, int64_t loops)
{
    struct roof_session *made = opaque;
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops; i++) {
        int64_t unique = 2 * (i + 1);
        memcpy(request + UNIQUE_OFFSET, &unique, sizeof unique);
        if (write(kernel_fd, request, bytes) != bytes)
            return -errno;
        if (fuse_session_receive_buf(made->session, &made->buffer) <= 0)
            return -EIO;
        fuse_session_process_buf(made->session, &made->buffer);
        if (read(kernel_fd, answer, room) < HEADER_BYTES || memcmp(answer + UNIQUE_OFFSET, &unique, sizeof unique) != 0)
            return -EIO;
    }
    return now_ns() - begin;
}

void roof_fuse_close(void *opaque)
{
    struct roof_session *made = opaque;
    fuse_session_destroy(made->session);
    free(made->buffer.mem);
    free(made);
}
