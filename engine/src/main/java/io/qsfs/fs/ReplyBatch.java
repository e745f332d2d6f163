package io.qsfs.fs;

import io.qsfs.index.Inode;
import java.util.function.Predicate;

/**
 * Answers that wait until the records behind them are in the log. All of a batch's memory is made once.
 *
 * <p>Threading: {@code file-system} only.
 */
final class ReplyBatch {
    /** Commands answered together at most. */
    static final int REPLIES_MAX = 256;

    private static final int ERROR = 0;
    private static final int ENTRY = 1;
    private static final int CREATED = 2;
    private static final int ATTRIBUTES = 3;
    private static final int WRITTEN = 4;
    private static final int NO_ENTRY = 5;

    private final Replies replies;
    private final Predicate<Inode> mayKeep;
    private final int[] kinds = new int[REPLIES_MAX];
    private final long[] requests = new long[REPLIES_MAX];
    private final int[] values = new int[REPLIES_MAX];
    private final Inode[] inodes = new Inode[REPLIES_MAX];
    private int count;
    private int sent;

    /** @param mayKeep whether the kernel may keep attributes for long, asked when they are sent. */
    ReplyBatch(Replies replies, Predicate<Inode> mayKeep) {
        this.replies = replies;
        this.mayKeep = mayKeep;
        for (int i = 0; i < REPLIES_MAX; i++) {
            inodes[i] = new Inode();
        }
    }

    boolean isFull() {
        return count == REPLIES_MAX;
    }

    boolean isEmpty() {
        return count == 0;
    }

    void error(long request, int errno) {
        add(ERROR, request, errno);
    }

    void noEntry(long request) {
        add(NO_ENTRY, request, 0);
    }

    void written(long request, int bytes) {
        add(WRITTEN, request, bytes);
    }

    /** @return the inode to fill in; it is sent with the batch. */
    Inode entry(long request) {
        return inodes[add(ENTRY, request, 0)];
    }

    /** @return the inode to fill in; it is sent with the batch. */
    Inode created(long request) {
        return inodes[add(CREATED, request, 0)];
    }

    /** @return the inode to fill in; it is sent with the batch. */
    Inode attributes(long request) {
        return inodes[add(ATTRIBUTES, request, 0)];
    }

    /**
     * Sends all answers, or in place of each success {@code errno} when it is not 0. After an exception the next call goes on behind
     * the answer that it happened in: none is given twice.
     */
    void send(int errno) {
        while (sent < count) {
            send(sent++, errno);
        }
        count = 0;
        sent = 0;
    }

    /** True when the request was answered by this batch, or will be. */
    boolean holds(long request) {
        for (int i = 0; i < count; i++) {
            if (requests[i] == request) {
                return true;
            }
        }
        return false;
    }

    private void send(int i, int errno) {
        if (errno != 0) {
            replies.error(requests[i], kinds[i] == ERROR && values[i] != 0 ? values[i] : errno);
            return;
        }
        switch (kinds[i]) {
            case ERROR -> replies.error(requests[i], values[i]);
            case ENTRY -> replies.entry(requests[i], inodes[i], mayKeep.test(inodes[i]));
            case CREATED -> replies.created(requests[i], inodes[i], mayKeep.test(inodes[i]));
            case ATTRIBUTES -> replies.attributes(requests[i], inodes[i], mayKeep.test(inodes[i]));
            case WRITTEN -> replies.written(requests[i], values[i]);
            case NO_ENTRY -> replies.noEntry(requests[i]);
            default -> throw new AssertionError("kind of reply: " + kinds[i]);
        }
    }

    private int add(int kind, long request, int value) {
        kinds[count] = kind;
        requests[count] = request;
        values[count] = value;
        return count++;
    }
}
