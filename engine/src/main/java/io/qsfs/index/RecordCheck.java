package io.qsfs.index;

/** Asks the log whether a record is what the index remembers of it. */
@FunctionalInterface
public interface RecordCheck {
    /** Nothing is known of the log. */
    RecordCheck UNKNOWN = (position, sequence, length, crc) -> Answer.ABSENT;

    /**
     * Looks at the record at a position of the meta stream.
     *
     * @param position where it begins.
     * @param sequence its sequence.
     * @param length   its length in bytes.
     * @param crc      the checksum in its frame.
     */
    Answer check(long position, long sequence, int length, int crc);

    /** What the log says. */
    enum Answer {
        /** The record is there, sound, with this sequence, length and checksum. */
        SAME,
        /** Something else is there; or nothing, because the log ends before. */
        DIFFERENT,
        /** That part of the log is not on this machine any more, while what comes after it is: it was evicted. */
        ABSENT
    }
}
