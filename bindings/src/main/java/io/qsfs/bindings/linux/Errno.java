package io.qsfs.bindings.linux;

import io.qsfs.bindings.Downcall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Field;
import java.util.Set;

/**
 * Names and texts of error numbers, for messages. Each method takes the number as errno has it or as the bindings
 * return it: the sign does not matter.
 *
 * <p>Threading: immutable.
 */
public final class Errno {
    private static final int TEXT_BYTES_MAX = 256;
    /** Second names of one number. */
    private static final Set<String> ALIASES = Set.of("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP");

    private static final String[] NAMES = names();
    private static final MethodHandle STRERROR_R =
            Linux.handleWithoutErrno("strerror_r", linux_h.strerror_r$descriptor());

    private Errno() {}

    /** @return {@code "ENOSPC"}; the number where Linux has no name for it. */
    public static String name(int errno) {
        int number = Math.abs(errno);
        return number > 0 && number < NAMES.length && NAMES[number] != null ? NAMES[number] : Integer.toString(number);
    }

    /** @return {@code "No space left on device"}. Allocates. */
    public static String message(int errno) {
        try (Arena arena = Arena.ofConfined()) {
            long buffer = arena.allocate(TEXT_BYTES_MAX).address();
            long text = (long) STRERROR_R.invokeExact(Math.abs(errno), buffer, (long) TEXT_BYTES_MAX);
            return MemorySegment.ofAddress(text).reinterpret(TEXT_BYTES_MAX).getString(0);
        } catch (Throwable t) {
            throw Downcall.failure("strerror_r", t);
        }
    }

    private static String[] names() {
        String[] names = new String[256];
        try {
            for (Field field : LinuxConstants.class.getDeclaredFields()) {
                String name = field.getName();
                if (name.matches("E[A-Z0-9]+") && !ALIASES.contains(name)) {
                    names[field.getInt(null)] = name;
                }
            }
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
        return names;
    }
}
