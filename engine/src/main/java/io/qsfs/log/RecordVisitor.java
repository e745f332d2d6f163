package io.qsfs.log;

import java.lang.foreign.MemorySegment;

/** Gets the records of history, one by one, in order. */
public interface RecordVisitor {
    /**
     * A record that is history. Borrowed until return.
     *
     * @param offset   where it begins in {@code record}, a multiple of 8.
     * @param position where it lies in the meta stream.
     * @param length   its bytes.
     * @return 0 to go on; a positive number ends the scan and stands in its result.
     */
    int onRecord(MemorySegment record, long offset, long position, int length);
}
