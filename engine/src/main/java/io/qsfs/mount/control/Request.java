package io.qsfs.mount.control;

/**
 * What a command asks of the mount process, one JSON object on one line.
 *
 * @param command {@code status}, {@code flush}, {@code evict} or {@code unmount}.
 * @param local   of flush: durable here is enough.
 * @param all     of evict: down to nothing.
 * @param now     of unmount: do not wait for placing.
 */
public record Request(String command, boolean local, boolean all, boolean now) {
    public static final String STATUS = "status";
    public static final String FLUSH = "flush";
    public static final String EVICT = "evict";
    public static final String UNMOUNT = "unmount";

    public static Request status() {
        return new Request(STATUS, false, false, false);
    }

    public static Request flush(boolean local) {
        return new Request(FLUSH, local, false, false);
    }

    public static Request evict(boolean all) {
        return new Request(EVICT, false, all, false);
    }

    public static Request unmount(boolean now) {
        return new Request(UNMOUNT, false, false, now);
    }
}
