package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Which names extended attributes may have. Who may use which is for the kernel to say, but for listing {@code trusted.}, which it
 * leaves to file systems.
 *
 * <p>Threading: stateless.
 */
public final class AttributeNames {
    static final MemorySegment ACL_ACCESS = bytes(PosixAcl.ACCESS);
    static final MemorySegment ACL_DEFAULT = bytes(PosixAcl.DEFAULT);
    private static final MemorySegment TRUSTED = bytes("trusted.");
    private static final MemorySegment[] PREFIXES = {bytes("user."), TRUSTED, bytes("security.")};

    private AttributeNames() {}

    /**
     * 0 for {@code user.x}, {@code trusted.x}, {@code security.x} and the two POSIX ACLs; EINVAL for a prefix alone; else
     * EOPNOTSUPP.
     */
    static int refusal(MemorySegment name, long offset, int length) {
        for (MemorySegment prefix : PREFIXES) {
            if (startsWith(name, offset, length, prefix)) {
                return length > prefix.byteSize() ? 0 : Linux.EINVAL;
            }
        }
        boolean isAcl = isAccessAcl(name, offset, length) || isDefaultAcl(name, offset, length);
        return isAcl ? 0 : Linux.EOPNOTSUPP;
    }

    /** True for the attribute that permission bits go with. */
    public static boolean isAccessAcl(MemorySegment name, long offset, int length) {
        return length == ACL_ACCESS.byteSize() && startsWith(name, offset, length, ACL_ACCESS);
    }

    static boolean isDefaultAcl(MemorySegment name, long offset, int length) {
        return length == ACL_DEFAULT.byteSize() && startsWith(name, offset, length, ACL_DEFAULT);
    }

    static boolean isTrusted(MemorySegment name, long offset, int length) {
        return startsWith(name, offset, length, TRUSTED);
    }

    private static boolean startsWith(MemorySegment name, long offset, int length, MemorySegment prefix) {
        long bytes = prefix.byteSize();
        return length >= bytes && MemorySegment.mismatch(name, offset, offset + bytes, prefix, 0, bytes) < 0;
    }

    private static MemorySegment bytes(String text) {
        MemorySegment terminated = Arena.global().allocateFrom(text);
        return terminated.asSlice(0, terminated.byteSize() - ValueLayout.JAVA_BYTE.byteSize());
    }
}
