/* What jextract sees of libfuse3. 312 is the oldest API version with an opaque fuse_loop_config. */
#define FUSE_USE_VERSION 312
#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE
#include <fuse3/fuse_lowlevel.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
