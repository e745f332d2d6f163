package io.qsfs.fuse;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What requests say that libfuse does not pass on: it clears unknown bits of a setattr, in the receive buffer itself, and drops the
 * flags of a write. So the message is looked at before libfuse gets it. Layouts of linux/fuse.h, in the machine's byte order:
 *
 * <pre>
 * fuse_in_header     len 4, opcode 4, unique 8, nodeid 8, uid 4, gid 4, pid 4, total_extlen 2, padding 2
 * fuse_setattr_in    header, valid 4, ...
 * fuse_write_in      header, fh 8, offset 8, size 4, write_flags 4, ...
 * fuse_init_in       header, major 4, minor 4, max_readahead 4, flags 4, ...
 * fuse_out_header    len 4, error 4, unique 8
 * fuse_init_out      header, major 4, minor 4, max_readahead 4, flags 4, ...
 * </pre>
 *
 * <p>Threading: stateless. Messages are borrowed until return, and are as long as the kernel makes them.
 */
final class FuseMessage {
    /** The kernel leaves set-user-id, set-group-id and file capabilities to us: FUSE_HANDLE_KILLPRIV_V2. */
    static final int INIT_HANDLE_KILLPRIV_V2 = 1 << 28;

    static final int OPCODE_SETATTR = 4;
    static final int OPCODE_WRITE = 16;
    static final int OPCODE_INIT = 26;

    private static final int SETATTR_KILL_SUIDGID = 1 << 11;
    private static final int WRITE_CACHE = 1;
    private static final int WRITE_KILL_SUIDGID = 1 << 2;

    private static final int AT_OPCODE = 4;
    private static final int AT_VALID = 40;
    private static final int AT_WRITE_FLAGS = 60;
    private static final int AT_INIT_IN_FLAGS = 52;
    private static final int AT_ERROR = 4;
    private static final int AT_INIT_OUT_FLAGS = 28;

    private FuseMessage() {}

    static int opcode(MemorySegment request) {
        return request.get(ValueLayout.JAVA_INT, AT_OPCODE);
    }

    /** True for a write or a setattr with which set-user-id, set-group-id and file capabilities go. */
    static boolean killsPrivileges(MemorySegment request) {
        return switch (opcode(request)) {
            case OPCODE_SETATTR -> (request.get(ValueLayout.JAVA_INT, AT_VALID) & SETATTR_KILL_SUIDGID) != 0;
            case OPCODE_WRITE -> (request.get(ValueLayout.JAVA_INT, AT_WRITE_FLAGS) & WRITE_KILL_SUIDGID) != 0;
            default -> false;
        };
    }

    /** True for a write of pages that the kernel held in its cache. */
    static boolean isFromCache(MemorySegment request) {
        return opcode(request) == OPCODE_WRITE
                && (request.get(ValueLayout.JAVA_INT, AT_WRITE_FLAGS) & WRITE_CACHE) != 0;
    }

    /** True when the kernel offers to leave privileges to us. */
    static boolean offersKillPrivileges(MemorySegment initRequest) {
        return (initRequest.get(ValueLayout.JAVA_INT, AT_INIT_IN_FLAGS) & INIT_HANDLE_KILLPRIV_V2) != 0;
    }

    /** Accepts that offer in a reply that accepts the connection; leaves any other reply as it is. */
    static void acceptKillPrivileges(MemorySegment initReply, long bytes) {
        if (bytes >= AT_INIT_OUT_FLAGS + Integer.BYTES && initReply.get(ValueLayout.JAVA_INT, AT_ERROR) == 0) {
            int flags = initReply.get(ValueLayout.JAVA_INT, AT_INIT_OUT_FLAGS);
            initReply.set(ValueLayout.JAVA_INT, AT_INIT_OUT_FLAGS, flags | INIT_HANDLE_KILLPRIV_V2);
        }
    }
}
