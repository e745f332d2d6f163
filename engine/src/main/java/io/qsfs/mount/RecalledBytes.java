package io.qsfs.mount;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.EvictedBytes;
import io.qsfs.recall.Recall;
import java.lang.foreign.MemorySegment;

/**
 * The recall cache as the file system sees it.
 *
 * <p>Threading: any thread.
 */
final class RecalledBytes implements EvictedBytes {
    private final Recall recall;
    private final int chunkBytes;

    RecalledBytes(Recall recall, int chunkBytes) {
        this.recall = recall;
        this.chunkBytes = chunkBytes;
    }

    @Override
    public int chunkBytes() {
        return chunkBytes;
    }

    @Override
    public int tryPin(long segment, int chunk) {
        return recall.tryPin(segment, chunk);
    }

    @Override
    public void unpin(int slot) {
        recall.unpin(slot);
    }

    @Override
    public long slotAddress(int slot) {
        return recall.slotAddress(slot);
    }

    @Override
    public int read(int slot, int offset, MemorySegment target, long targetOffset, int length) {
        if (offset + length > recall.slotLength(slot)) {
            return Linux.EIO; // an extent that reaches behind what was sealed: the index or the placement is wrong
        }
        long read = Linux.preadFully(recall.fd(), target, targetOffset, length, recall.slotFileOffset(slot) + offset);
        return read == length ? 0 : read < 0 ? (int) -read : Linux.EIO;
    }

    @Override
    public void request(long segment, int chunk, Waiter waiter) {
        recall.request(segment, chunk, waiter::onChunk);
    }
}
