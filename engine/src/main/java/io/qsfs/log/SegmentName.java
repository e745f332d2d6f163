package io.qsfs.log;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** File names of segments: {@code data-%016x.seg} and {@code meta-%016x.seg}. */
final class SegmentName {
    static final String SUFFIX = ".seg";
    /** A file that is being made; one that is found at the start was never finished and goes. */
    static final String UNFINISHED_SUFFIX = ".new";

    private static final Pattern PATTERN = Pattern.compile("(data|meta)-([0-9a-f]{16})\\.seg");

    private SegmentName() {}

    static String of(int stream, long number) {
        return String.format("%s-%016x%s", Streams.name(stream), number, SUFFIX);
    }

    /** The stream that a name belongs to, or -1. */
    static int stream(String name) {
        Matcher matcher = PATTERN.matcher(name);
        return !matcher.matches()
                ? -1
                : matcher.group(1).equals(Streams.name(Streams.DATA)) ? Streams.DATA : Streams.META;
    }

    /** The number in a name that has a stream. */
    static long number(String name) {
        Matcher matcher = PATTERN.matcher(name);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(name);
        }
        return Long.parseUnsignedLong(matcher.group(2), 16);
    }
}
