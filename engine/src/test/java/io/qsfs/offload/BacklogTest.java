package io.qsfs.offload;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.qsfs.memory.Id128;
import io.qsfs.recall.ManualClock;
import org.junit.jupiter.api.Test;

/** Who waits for placing waits as long as anything moves, and no longer. */
class BacklogTest {
    private static final long STALL_NS = 20_000_000_000L;

    private final ManualClock clock = new ManualClock();
    private final Backlog backlog = new Backlog(clock);

    /** Bytes of one shard move slowly, so many times; each look takes half of the patience. */
    private final class SlowWay implements Backlog.Progress {
        private final int moves;
        private int looks;

        SlowWay(int moves) {
            this.moves = moves;
        }

        @Override
        public boolean onProgress(long segmentsLeft, long bytesLeft, long bytesPerSecond) {
            looks++;
            clock.advance(STALL_NS / 2);
            return true;
        }

        @Override
        public long bytesMoved() {
            return Math.min(looks, moves);
        }
    }

    @Test
    void shouldWaitWhileBytesOfAShardMove() {
        backlog.add(new ClosedSegment(0, 3, 0, 100, new Id128(1, 2), 1, -1));
        SlowWay way = new SlowWay(10);
        assertEquals(Backlog.Outcome.STALLED, backlog.await(3, 0, STALL_NS, way));
        assertEquals(12, way.looks, "ten that moved, and two in vain");
    }

    @Test
    void shouldGiveUpWhenNothingMoves() {
        backlog.add(new ClosedSegment(0, 3, 0, 100, new Id128(1, 2), 1, -1));
        SlowWay way = new SlowWay(0);
        assertEquals(Backlog.Outcome.STALLED, backlog.await(3, 0, STALL_NS, way));
        assertEquals(2, way.looks);
    }

    @Test
    void shouldNotWaitForWhatComesLater() {
        backlog.add(new ClosedSegment(0, 3, 0, 100, new Id128(1, 2), 1, -1));
        assertEquals(Backlog.Outcome.PLACED, backlog.await(2, 0, STALL_NS, new SlowWay(0)));
    }
}
