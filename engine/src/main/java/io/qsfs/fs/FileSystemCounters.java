package io.qsfs.fs;

import java.util.concurrent.atomic.LongAdder;

/** What the file system counts for the status. Threading: any thread. */
public final class FileSystemCounters {
    /** Answers that the kernel did not take. */
    public final LongAdder failedReplies = new LongAdder();
    /** Records written. */
    public final LongAdder records = new LongAdder();
    /** Commits of the index. */
    public final LongAdder commits = new LongAdder();
    /** Group commits of the log. */
    public final LongAdder syncs = new LongAdder();
    /** Bytes of content given to readers. */
    public final LongAdder bytesRead = new LongAdder();
    /** Reads that ended in an error. */
    public final LongAdder readErrors = new LongAdder();
    /** Questions for the value of an extended attribute. */
    public final LongAdder xattrReads = new LongAdder();
    /** Bytes of content taken. */
    public final LongAdder bytesWritten = new LongAdder();
}
