package io.qsfs.bindings.fuse;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct fuse_ctx}: who sent a request, from {@link Fuse#requestContext}; valid until the reply.
 *
 * <p>Threading: no state.
 */
public final class FuseContext {
    private FuseContext() {}

    public static int uid(MemorySegment context) {
        return fuse_ctx.uid(context);
    }

    public static int gid(MemorySegment context) {
        return fuse_ctx.gid(context);
    }

    /** The thread's id, in the name space of the mount; 0 for what the kernel does on its own, as write-back. */
    public static int pid(MemorySegment context) {
        return fuse_ctx.pid(context);
    }

    public static int umask(MemorySegment context) {
        return fuse_ctx.umask(context);
    }
}
