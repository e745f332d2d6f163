#include "../qsfs_fuse.h"

#include "probe.h"

int main(void)
{
#include "fuse.inc"
    BIT("fuse_file_info", struct fuse_file_info, direct_io);
    BIT("fuse_file_info", struct fuse_file_info, keep_cache);
#if FUSE_MAJOR_VERSION > 3 || FUSE_MINOR_VERSION >= 17
    FIELD("fuse_conn_info", struct fuse_conn_info, capable_ext);
    FIELD("fuse_conn_info", struct fuse_conn_info, want_ext);
#endif
    return 0;
}
