package io.qsfs.log;

/** The two streams of a log. */
public final class Streams {
    /** File content alone. */
    public static final int DATA = 0;
    /** One record per change of the file system. */
    public static final int META = 1;
    /** How many there are. */
    public static final int COUNT = 2;

    private static final String[] NAMES = {"data", "meta"};

    private Streams() {}

    /** What file names and messages call it. */
    public static String name(int stream) {
        return NAMES[stream];
    }
}
