package io.qsfs.recall;

import io.qsfs.backend.BackendError;
import io.qsfs.backend.Completion;
import java.lang.foreign.MemorySegment;

/**
 * One chunk on its way back: which ranges it needs, and what is known about each on each shard.
 *
 * <pre>
 *             shard 0      1      2      3      4      5
 *           +------+------+------+------+------+------+
 *  piece 0  | cell | ...  |      |      |      |      |     a piece: the range of one data shard
 *  piece 1  |      |      |      |      |      |      |     a cell: that range on one of the n shards
 *           +------+------+------+------+------+------+
 * </pre>
 *
 * <p>Threading: the fetcher's thread, but for {@link RangeRead#done}, which only hands itself over.
 */
final class ChunkFetch {
    enum State {
        FETCH,
        DECODE,
        DONE,
        FAILED
    }

    enum CellState {
        IDLE,
        LENT,
        GOOD,
        /** May be had later: the backend cannot be reached just now. */
        AWAY,
        /** Will not be had: owed, gone, or rotten. */
        LOST
    }

    final ShardSet set;
    final int chunk;
    final Object tag;
    final long deadlineNs;
    final FetchMemory memory;
    final Piece[] pieces;

    State state = State.FETCH;
    /** Whole blocks are fetched and checked, after the chunk did not authenticate. */
    boolean isVerifying;

    /** Ranges of {@link #memory} that backends hold. */
    int lent;

    long lookAtNs;

    ChunkFetch(ShardSet set, int chunk, Object tag, long deadlineNs, FetchMemory memory, Piece[] pieces) {
        this.set = set;
        this.chunk = chunk;
        this.tag = tag;
        this.deadlineNs = deadlineNs;
        this.memory = memory;
        this.pieces = pieces;
    }

    boolean isOver() {
        return state == State.DONE || state == State.FAILED;
    }

    /** The range of one data shard that a chunk covers, and its place in the rows of the fetch's memory. */
    static final class Piece {
        final int shard;
        /** Offset in the shard's payload. */
        final long offset;

        final int length;
        /** Offset in the chunk's ciphertext. */
        final int chunkOffset;
        /** The range widened to whole blocks. */
        final long wideOffset;

        final int wideLength;
        /** Where the widened range and the block table lie in each row. */
        final int rowOffset;

        final int tableOffset;
        final Cell[] cells;
        /** The range is being made of other shards. */
        boolean isDegraded;

        Piece(
                int shard,
                long offset,
                int length,
                int chunkOffset,
                long wideOffset,
                int wideLength,
                int rowOffset,
                int tableOffset,
                int shardCount) {
            this.shard = shard;
            this.offset = offset;
            this.length = length;
            this.chunkOffset = chunkOffset;
            this.wideOffset = wideOffset;
            this.wideLength = wideLength;
            this.rowOffset = rowOffset;
            this.tableOffset = tableOffset;
            cells = new Cell[shardCount];
        }

        Cell direct() {
            return cells[shard];
        }

        int count(CellState wanted) {
            int count = 0;
            for (Cell cell : cells) {
                if (cell.state == wanted) {
                    count++;
                }
            }
            return count;
        }

        boolean isSatisfied(int dataShards) {
            return direct().state == CellState.GOOD || count(CellState.GOOD) >= dataShards;
        }

        /** Where the piece itself begins in a row. */
        long rowAt() {
            return rowOffset + (offset - wideOffset);
        }
    }

    /** A piece on one shard. */
    static final class Cell {
        final ChunkFetch fetch;
        final Piece piece;
        final int shard;
        CellState state = CellState.IDLE;
        /** Reads that have not answered. */
        int lent;
        /** The reads in flight belong to an attempt that was given up; their answers are of no interest. */
        boolean isStale;

        boolean isOverdue;
        boolean isFailing;
        /** When the answer is late. */
        long lateAtNs;

        long retryAtNs;
        long retryAfterNs;
        BackendError error = BackendError.NONE;
        String detail = "";

        Cell(ChunkFetch fetch, Piece piece, int shard) {
            this.fetch = fetch;
            this.piece = piece;
            this.shard = shard;
        }
    }

    /** One read from a backend, which is its own completion and its own message. */
    static final class RangeRead implements Completion<Void>, Runnable {
        final Cell cell;
        final long bytes;
        private final ChunkFetcher fetcher;
        BackendError error;
        String detail;

        RangeRead(ChunkFetcher fetcher, Cell cell, MemorySegment dst) {
            this.fetcher = fetcher;
            this.cell = cell;
            bytes = dst.byteSize();
        }

        /** On a thread of the backend. */
        @Override
        public void done(Void value, BackendError error, String detail) {
            this.error = error;
            this.detail = detail;
            fetcher.inbox().send(this);
        }

        /** On the fetcher's thread. */
        @Override
        public void run() {
            fetcher.onRead(this);
        }
    }
}
