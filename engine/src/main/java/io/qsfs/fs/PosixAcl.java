package io.qsfs.fs;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.SHORT;

import java.lang.foreign.MemorySegment;

/**
 * POSIX access control lists in the form that Linux gives their attributes. The kernel checks access; here is what the file system
 * owes: that permission bits and list say the same, and what new files inherit.
 *
 * <pre>
 *  0         4     6     8         12
 * +---------+-----+-----+---------+-----
 * | version | tag | perm| id      | tag ...     entries in the order of their tags
 * +---------+-----+-----+---------+-----
 * </pre>
 *
 * <p>Lists begin at an offset that is a multiple of 4.
 *
 * <p>Threading: stateless.
 */
final class PosixAcl {
    /** The attribute with a file's own list. */
    static final String ACCESS = "system.posix_acl_access";
    /** The attribute with the list that a directory hands on. */
    static final String DEFAULT = "system.posix_acl_default";

    private static final int VERSION = 2;
    private static final int HEADER_BYTES = 4;
    private static final int ENTRY_BYTES = 8;
    private static final int PERMISSION = 2;

    private static final int USER_OBJ = 0x01;
    private static final int USER = 0x02;
    private static final int GROUP_OBJ = 0x04;
    private static final int GROUP = 0x08;
    private static final int MASK = 0x10;
    private static final int OTHER = 0x20;
    private static final int REQUIRED = USER_OBJ | GROUP_OBJ | OTHER;

    private PosixAcl() {}

    /** True when these bytes are a list: each entry known, in order, the three for owner, group and others there once. */
    static boolean isSound(MemorySegment acl, int bytes) {
        if (bytes < HEADER_BYTES || (bytes - HEADER_BYTES) % ENTRY_BYTES != 0 || acl.get(INT, 0) != VERSION) {
            return false;
        }
        int seen = 0;
        int last = 0;
        for (int at = HEADER_BYTES; at < bytes; at += ENTRY_BYTES) {
            int tag = tag(acl, at);
            boolean isOne = Integer.bitCount(tag) == 1 && tag <= OTHER;
            boolean mayRepeat = tag == USER || tag == GROUP;
            if (!isOne || tag < last || tag == last && !mayRepeat || permission(acl, at) > 7) {
                return false;
            }
            seen |= tag;
            last = tag;
        }
        boolean isMaskMissing = (seen & (USER | GROUP)) != 0 && (seen & MASK) == 0;
        return (seen & REQUIRED) == REQUIRED && !isMaskMissing;
    }

    /** True when permission bits say all that the list says. */
    static boolean isMinimal(MemorySegment acl, int bytes) {
        for (int at = HEADER_BYTES; at < bytes; at += ENTRY_BYTES) {
            if ((tag(acl, at) & REQUIRED) == 0) {
                return false;
            }
        }
        return true;
    }

    /** {@code mode} with the nine bits that go with the list: those of the group are the mask's, where there is one. */
    static int mode(MemorySegment acl, int bytes, int mode) {
        int bits = mode & ~0777;
        int group = 0;
        for (int at = HEADER_BYTES; at < bytes; at += ENTRY_BYTES) {
            int permission = permission(acl, at);
            switch (tag(acl, at)) {
                case USER_OBJ -> bits |= permission << 6;
                case GROUP_OBJ, MASK -> group = permission; // the mask comes behind
                case OTHER -> bits |= permission;
                default -> {}
            }
        }
        return bits | group << 3;
    }

    /** Changes the list as chmod(2) does. */
    static void changeMode(MemorySegment acl, int bytes, int mode) {
        int groupAt = groupAt(acl, bytes);
        for (int at = HEADER_BYTES; at < bytes; at += ENTRY_BYTES) {
            switch (tag(acl, at)) {
                case USER_OBJ -> permission(acl, at, mode >> 6 & 7);
                case OTHER -> permission(acl, at, mode & 7);
                default -> {}
            }
        }
        permission(acl, groupAt, mode >> 3 & 7);
    }

    /** Makes of an inherited list the one of a new file that is made with {@code mode}; returns the mode that the file gets. */
    static int restrict(MemorySegment acl, int bytes, int mode) {
        changeMode(acl, bytes, mode(acl, bytes, 0) & mode);
        return mode(acl, bytes, mode);
    }

    /** Where the entry lies that the group's bits stand for. */
    private static int groupAt(MemorySegment acl, int bytes) {
        int found = 0;
        for (int at = HEADER_BYTES; at < bytes; at += ENTRY_BYTES) {
            if ((tag(acl, at) & (GROUP_OBJ | MASK)) != 0) {
                found = at;
            }
        }
        return found;
    }

    private static int tag(MemorySegment acl, int at) {
        return Short.toUnsignedInt(acl.get(SHORT, at));
    }

    private static int permission(MemorySegment acl, int at) {
        return Short.toUnsignedInt(acl.get(SHORT, at + PERMISSION));
    }

    private static void permission(MemorySegment acl, int at, int value) {
        acl.set(SHORT, at + PERMISSION, (short) value);
    }
}
