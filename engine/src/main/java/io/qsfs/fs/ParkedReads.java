package io.qsfs.fs;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.ExtentList;
import io.qsfs.log.LocalVerifier;
import io.qsfs.log.SegmentCatalog;
import io.qsfs.log.SegmentFile;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Seldom;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads that cannot be answered at once: some of their bytes must be fetched, or they are in so many pieces that they are copied
 * together. Each holds a buffer of its own, fills it piece by piece and is answered by whichever thread brings the last one.
 * A chunk's slot is given back as soon as its bytes are copied, so reads that wait never keep the cache from each other.
 *
 * <p>Exactly one answer: whoever moves a read from waiting to ended gives it, be it the last chunk, an error, or an interrupt.
 *
 * <p>Threading: any thread; a read's own state is guarded by that read, the pool by this object. The buffers belong to the
 * arena given and are made when they are first needed.
 */
public final class ParkedReads {
    /** Reads with a buffer at one time; further ones queue with what they ask for alone. */
    static final int READS_MAX = 64;

    private static final int PIECES_INITIAL = 16;

    private static final Logger LOG = LoggerFactory.getLogger(ParkedReads.class);

    private final Replies replies;
    private final Path mountPoint;
    private final Seldom warnings;
    private final FileSystemCounters counters;
    private final SegmentCatalog catalog;
    private final LocalVerifier verifier;
    private final EvictedBytes evicted;
    private final Interrupts interrupts;
    private final long segmentBytes;
    private final int readBytesMax;
    private final Arena arena;
    private final ArrayDeque<MemorySegment> buffers = new ArrayDeque<>();
    private final ArrayDeque<Parked> queue = new ArrayDeque<>();
    /** Queued or running, and not answered yet. */
    private final Set<Parked> unanswered = Collections.newSetFromMap(new IdentityHashMap<>());

    private int running;
    private int refusal;

    ParkedReads(FileSystem fs, Path mountPoint, Clock clock, Interrupts interrupts, int readBytesMax, Arena arena) {
        this.replies = fs.replies();
        this.mountPoint = mountPoint;
        this.warnings = new Seldom(clock);
        this.counters = fs.counters();
        this.catalog = fs.log().catalog();
        this.verifier = fs.verifier();
        this.evicted = fs.evicted();
        this.interrupts = interrupts;
        this.segmentBytes = fs.log().catalog().segmentBytes();
        this.readBytesMax = readBytesMax;
        this.arena = arena;
    }

    /** How the kernel's wish to interrupt a request reaches whoever holds it. */
    public interface Interrupts {
        /**
         * From now on until the request is answered, {@code onInterrupt} is run when the kernel wants it ended; at once if it
         * already does.
         */
        void watch(long request, Runnable onInterrupt);

        /** The request is about to be answered. */
        void unwatch(long request);
    }

    /**
     * A read of {@code length} existing bytes of the file from {@code offset} on, whose pieces are still to be {@link Parked#add
     * added}. It has no effect before it is {@link #park parked}.
     */
    Parked newRead(long request, long ino, long offset, int length) {
        return new Parked(request, ino, offset, Math.min(length, readBytesMax));
    }

    /** Takes a read over: from here on it is answered here. */
    void park(Parked read) {
        int refused;
        synchronized (this) {
            refused = refusal;
            if (refused == 0) {
                unanswered.add(read);
            }
        }
        if (refused != 0) {
            replies.error(read.request, refused);
            return;
        }
        interrupts.watch(read.request, read::interrupted);
        synchronized (this) {
            if (running == READS_MAX) {
                queue.add(read);
                return;
            }
            running++;
        }
        read.start();
    }

    /** Answers everybody who waits, and whoever comes from now on, with {@code errno}; what is still fetched is for the cache. */
    void refuseAll(int errno) {
        List<Parked> waiting;
        synchronized (this) {
            refusal = errno;
            waiting = List.copyOf(unanswered);
        }
        for (Parked read : waiting) {
            if (read.takeAnswer()) {
                interrupts.unwatch(read.request);
                replies.error(read.request, errno);
            }
        }
    }

    /** Reads that wait, for the status. */
    synchronized int waiting() {
        return running + queue.size();
    }

    private synchronized MemorySegment takeBuffer() {
        MemorySegment buffer = buffers.poll();
        return buffer != null ? buffer : arena.allocate(readBytesMax, 4096);
    }

    private void ended(MemorySegment buffer) {
        Parked next;
        synchronized (this) {
            if (buffer != null) {
                buffers.push(buffer);
            }
            do {
                next = queue.poll();
            } while (next != null && next.isAnswered());
            if (next == null) {
                running--;
            }
        }
        if (next != null) {
            next.start();
        }
    }

    /** One read that waits. Pieces are stretches of the read that lie in one chunk or one local segment. */
    final class Parked implements EvictedBytes.Waiter {
        private final long request;
        private final long ino;
        private final int length;
        private final long offset;
        private long[] positions = new long[PIECES_INITIAL];
        private int[] offsets = new int[PIECES_INITIAL]; // in the answer
        private int[] lengths = new int[PIECES_INITIAL];
        private boolean[] awaited;
        private int pieceCount;
        private MemorySegment buffer;
        private int outstanding = 1; // the start itself, so that an early chunk does not end it
        private int errno;
        private long failedSegment;
        private boolean answered;

        Parked(long request, long ino, long offset, int length) {
            this.request = request;
            this.ino = ino;
            this.offset = offset;
            this.length = length;
        }

        /** Adds pieces of the read, split so that each lies in one chunk. */
        void add(ExtentList extents) {
            int chunkBytes = evicted.chunkBytes();
            for (int i = 0; i < extents.count(); i++) {
                if (extents.isHole(i)) {
                    continue;
                }
                long from = Math.max(extents.fileOffset(i), offset);
                long to = Math.min(extents.fileOffset(i) + extents.length(i), offset + length);
                long position = extents.position(i) + (from - extents.fileOffset(i));
                while (from < to) {
                    long inWindow = position % segmentBytes;
                    long step =
                            Math.min(to - from, Math.min(chunkBytes - inWindow % chunkBytes, segmentBytes - inWindow));
                    add(position, (int) (from - offset), (int) step);
                    from += step;
                    position += step;
                }
            }
        }

        private void add(long position, int at, int bytes) {
            if (pieceCount == positions.length) {
                positions = Arrays.copyOf(positions, pieceCount * 2);
                offsets = Arrays.copyOf(offsets, pieceCount * 2);
                lengths = Arrays.copyOf(lengths, pieceCount * 2);
            }
            positions[pieceCount] = position;
            offsets[pieceCount] = at;
            lengths[pieceCount] = bytes;
            pieceCount++;
        }

        void start() {
            buffer = takeBuffer();
            awaited = new boolean[pieceCount];
            buffer.asSlice(0, length).fill((byte) 0);
            for (int i = 0; i < pieceCount; i++) {
                int failure = fill(i);
                if (failure != 0) {
                    fail(failure, positions[i] / segmentBytes);
                    break;
                }
            }
            finishOne();
        }

        /** Copies a local piece, or asks for the chunk of a piece that is not here. */
        private int fill(int i) {
            long number = positions[i] / segmentBytes;
            SegmentFile file = catalog.pin(Streams.DATA, number);
            if (file != null) {
                try {
                    if (verifier.isSound(file, positions[i], lengths[i])) {
                        return catalog.pread(file, positions[i], buffer, offsets[i], lengths[i]);
                    }
                } finally {
                    catalog.unpin(file);
                }
            }
            int chunk = (int) (positions[i] % segmentBytes / evicted.chunkBytes());
            if (i > 0 && awaited[i - 1] && isIn(i - 1, number, chunk)) {
                awaited[i] = true; // comes with the same chunk, and may have come already
                return 0;
            }
            awaited[i] = true;
            synchronized (this) {
                outstanding++;
            }
            evicted.request(number, chunk, this);
            return 0;
        }

        private boolean isIn(int i, long number, int chunk) {
            return positions[i] / segmentBytes == number && positions[i] % segmentBytes / evicted.chunkBytes() == chunk;
        }

        @Override
        public void onChunk(long segment, int chunk, int slot, int failure) {
            if (failure != 0) {
                fail(failure, segment);
                finishOne();
                return;
            }
            int copied = 0;
            for (int i = 0; i < pieceCount && copied == 0; i++) {
                if (isIn(i, segment, chunk)) {
                    int inChunk = (int) (positions[i] % segmentBytes % evicted.chunkBytes());
                    copied = evicted.read(slot, inChunk, buffer, offsets[i], lengths[i]);
                }
            }
            evicted.unpin(slot);
            if (copied != 0) {
                fail(copied, segment);
            }
            finishOne();
        }

        private synchronized void fail(int failure, long segment) {
            if (errno == 0) {
                errno = failure;
                failedSegment = segment;
            }
        }

        private void finishOne() {
            int outcome;
            synchronized (this) {
                if (--outstanding > 0) {
                    return;
                }
                outcome = errno;
            }
            if (takeAnswer()) {
                interrupts.unwatch(request);
                answer(outcome);
            }
            ended(buffer);
        }

        private void answer(int outcome) {
            if (outcome == 0) {
                counters.bytesRead.add(length);
                replies.bytes(request, buffer, length);
                return;
            }
            counters.readErrors.increment();
            if (warnings.isDue(ino)) {
                LOG.warn(
                        "read of inode {} failed with {}: bytes {} to {} need data segment {}, which cannot be read; the file:"
                                + " find {} -xdev -inum {}",
                        ino,
                        Errno.name(outcome),
                        offset,
                        offset + length,
                        failedSegment,
                        mountPoint,
                        ino);
            }
            replies.error(request, outcome);
        }

        /** True for the one caller who gives the answer. */
        private boolean takeAnswer() {
            synchronized (this) {
                if (answered) {
                    return false;
                }
                answered = true;
            }
            synchronized (ParkedReads.this) {
                unanswered.remove(this);
            }
            return true;
        }

        private synchronized boolean isAnswered() {
            return answered;
        }

        /** The reader was killed or interrupted: it hears so now; what is still fetched is for the cache. */
        private void interrupted() {
            if (takeAnswer()) {
                replies.error(request, Linux.EINTR);
            }
        }
    }
}
