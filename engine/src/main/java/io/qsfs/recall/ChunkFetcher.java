package io.qsfs.recall;

import io.qsfs.backend.BackendError;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.codec.BlockTable;
import io.qsfs.codec.ChunkLocation;
import io.qsfs.codec.ChunkTable;
import io.qsfs.codec.ShardHeader;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.recall.ChunkFetch.Cell;
import io.qsfs.recall.ChunkFetch.CellState;
import io.qsfs.recall.ChunkFetch.Piece;
import io.qsfs.recall.ChunkFetch.RangeRead;
import io.qsfs.recall.ChunkFetch.State;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches chunks: the exact range from its data shard when that is healthy; else, or when that is late, the same
 * range from k of the others. When the outcome does not authenticate, whole blocks are fetched and checked one by
 * one, which names the shard that is wrong, and the chunk is made of those that are right. Wrong bytes never get out:
 * the chunk's own tag and checksum decide.
 *
 * <p>A backend that cannot be reached is asked again until the deadline of the fetch; a shard that is gone or rotten
 * is not, and when fewer than k are left the fetch fails at once.
 *
 * <p>Threading: one thread calls everything but {@link #inbox}. Ranges of the buffers are lent to backends until they
 * answer.
 */
final class ChunkFetcher {
    private static final Logger LOG = LoggerFactory.getLogger(ChunkFetcher.class);

    private static final long PATIENCE_MIN_NS = 20_000_000L;
    private static final long RETRY_AFTER_MAX_NS = 2_000_000_000L;
    /** Reads of one backend that may be late before others are asked first. */
    private static final int OVERDUE_MAX = 2;

    private static final int ROTTEN_REMEMBERED_MAX = 65_536;
    /** The block tables of all pieces of a chunk: 2 of 64 MiB shards take 49 KiB, 255 of the smallest 12 KiB. */
    private static final int TABLES_BYTES_MAX = 64 * 1024;

    private static final long NEVER = Long.MAX_VALUE;

    private final FetchSettings settings;
    private final Clock clock;
    private final ShardAccess access;
    private final ChunkCodec codec;
    private final FetchSink sink;
    private final RecallCounters counters;
    private final Inbox<Runnable> inbox;

    /** Used last in, first out, so that spare ones stay untouched. */
    private final ArrayDeque<FetchMemory> free = new ArrayDeque<>();

    private final List<ChunkFetch> active = new ArrayList<>();
    private final ChunkLocation location = new ChunkLocation();
    private final MemorySegment plain;
    private final Map<Id128, int[]> overdue = new HashMap<>();
    /** Blocks of shards' objects that were found wrong; other blocks of these shards may be good. */
    private final Map<String, BitSet> rotten = new HashMap<>();

    private int lent;

    /** @param arena lives until nothing is lent any more ({@link #lent}) and this is used no longer. */
    ChunkFetcher(
            FetchSettings settings,
            Clock clock,
            Arena arena,
            ShardAccess access,
            ChunkCodec codec,
            FetchSink sink,
            RecallCounters counters,
            Inbox<Runnable> inbox) {
        this.settings = settings;
        this.clock = clock;
        this.access = access;
        this.codec = codec;
        this.sink = sink;
        this.counters = counters;
        this.inbox = inbox;
        long tableBytes = ChunkTable.sealedBytes(ShardHeader.CHUNK_COUNT_MAX);
        long chunkMax = align(Math.max(settings.slotBytes() + 64L, tableBytes));
        long wideMax = align(chunkMax + 2L * BlockTable.BLOCK_BYTES) + 64L * settings.shardCountMax();
        // Memory of a fetch that is over may still be lent to a backend that hangs; another fetch then takes a spare
        // one.
        for (int i = 0; i < 2 * settings.fetchesMax(); i++) {
            free.add(new FetchMemory(arena, settings.shardCountMax(), wideMax + TABLES_BYTES_MAX, chunkMax));
        }
        plain = arena.allocate(chunkMax, 64);
    }

    private static long align(long bytes) {
        return (bytes + 63) & -64L;
    }

    Inbox<Runnable> inbox() {
        return inbox;
    }

    /** True when {@link #start} may be called. */
    boolean hasRoom() {
        return !free.isEmpty() && activeCount() < settings.fetchesMax();
    }

    /** Fetches that are not over. */
    int activeCount() {
        int count = 0;
        for (ChunkFetch fetch : active) {
            count += fetch.isOver() ? 0 : 1;
        }
        return count;
    }

    /** Ranges that backends hold. */
    int lent() {
        return lent;
    }

    /**
     * Begins to fetch.
     *
     * @param tag given back with the outcome.
     * @return null, or why there can be no such chunk; then the sink hears nothing.
     */
    String start(ShardSet set, int chunk, Object tag, long deadlineNs) {
        if (!set.hasChunk(chunk)
                || set.code().n() > settings.shardCountMax()
                || set.plainLength(chunk) > plain.byteSize()
                || set.sealedLength(chunk) > free.peek().chunkBytes()
                || !location.locate(
                        set.sealedOffset(chunk),
                        set.sealedLength(chunk),
                        set.shardBytes(),
                        set.code().k())) {
            return "there is no chunk " + chunk + " in " + set.describe();
        }
        Piece[] pieces = new Piece[location.count()];
        ChunkFetch fetch = new ChunkFetch(set, chunk, tag, deadlineNs, free.poll(), pieces);
        layOut(fetch);
        active.add(fetch);
        advance(fetch, clock.nanoTime());
        return null;
    }

    private void layOut(ChunkFetch fetch) {
        ShardSet set = fetch.set;
        int rowAt = 0;
        int tableBytes = (int) align(BlockTable.bytes(set.shardBytes()));
        int tableAt = (int) (fetch.memory.rowBytes() - TABLES_BYTES_MAX);
        int chunkAt = 0;
        for (int i = 0; i < fetch.pieces.length; i++) {
            long offset = location.shardOffset(i);
            int length = location.length(i);
            long wideFrom = offset - offset % BlockTable.BLOCK_BYTES;
            long wideTo = Math.min(
                    set.shardBytes(),
                    (offset + length + BlockTable.BLOCK_BYTES - 1) / BlockTable.BLOCK_BYTES * BlockTable.BLOCK_BYTES);
            int wideLength = (int) (wideTo - wideFrom);
            Piece piece = new Piece(
                    location.shard(i),
                    offset,
                    length,
                    chunkAt,
                    wideFrom,
                    wideLength,
                    rowAt,
                    tableAt,
                    set.code().n());
            for (int shard = 0; shard < piece.cells.length; shard++) {
                piece.cells[shard] = new Cell(fetch, piece, shard);
                if (set.backend(shard).isNil()) {
                    lose(piece.cells[shard], BackendError.NOT_FOUND, "owed");
                }
            }
            fetch.pieces[i] = piece;
            chunkAt += length;
            rowAt += (int) align(wideLength);
            tableAt += tableBytes;
        }
        assert rowAt <= fetch.memory.rowBytes() - TABLES_BYTES_MAX && tableAt <= fetch.memory.rowBytes() : rowAt;
    }

    /** Looks after every fetch whose time has come. */
    int doWork(long nowNs) {
        int work = 0;
        for (int i = active.size() - 1; i >= 0; i--) {
            ChunkFetch fetch = active.get(i);
            if (!fetch.isOver() && nowNs - fetch.lookAtNs >= 0) {
                advance(fetch, nowNs);
                work++;
            }
            if (fetch.isOver() && fetch.lent == 0) {
                active.remove(i);
                free.push(fetch.memory);
                work++;
            }
        }
        return work;
    }

    /** When {@link #doWork} is due at the latest, as nanoseconds from now; nothing due is {@link Long#MAX_VALUE}. */
    long nextWorkNs(long nowNs) {
        long next = NEVER;
        for (ChunkFetch fetch : active) {
            if (!fetch.isOver()) {
                next = Math.min(next, Math.max(0, fetch.lookAtNs - nowNs));
            }
        }
        return next;
    }

    /** Ends every fetch. What is lent stays lent. */
    void failAll(int errno, String reason) {
        for (ChunkFetch fetch : active) {
            if (!fetch.isOver()) {
                fetch.state = State.FAILED;
                sink.onFailed(fetch.tag, errno, reason);
            }
        }
    }

    /** Called through the inbox. */
    void onRead(RangeRead read) {
        Cell cell = read.cell;
        ChunkFetch fetch = cell.fetch;
        cell.lent--;
        fetch.lent--;
        lent--;
        long now = clock.nanoTime();
        if (read.error == BackendError.NONE) {
            counters.addBytes(fetch.set.backend(cell.shard), read.bytes);
        } else if (!cell.isFailing) {
            cell.isFailing = true;
            cell.error = read.error;
            cell.detail = read.detail;
        }
        if (cell.lent > 0) {
            return;
        }
        if (cell.isOverdue) {
            cell.isOverdue = false;
            overdue.get(fetch.set.backend(cell.shard))[0]--;
        }
        if (fetch.isOver()) {
            return;
        }
        if (cell.isStale) {
            cell.isStale = false;
            cell.state = CellState.IDLE;
        } else if (cell.isFailing) {
            onFailedRead(cell, now);
        } else if (fetch.isVerifying && !isGenuine(cell)) {
            lose(cell, BackendError.CORRUPT, "bytes differ from their block table");
        } else {
            cell.state = CellState.GOOD;
        }
        advance(fetch, now);
    }

    private void onFailedRead(Cell cell, long nowNs) {
        switch (cell.error) {
            case NOT_FOUND, CORRUPT -> {
                if (cell.error == BackendError.CORRUPT) {
                    remember(cell, firstBlock(cell.piece), lastBlock(cell.piece));
                }
                lose(cell, cell.error, cell.detail);
            }
            default -> {
                cell.state = CellState.AWAY;
                cell.retryAfterNs = cell.retryAfterNs == 0
                        ? settings.retryAfterNs()
                        : Math.min(2 * cell.retryAfterNs, RETRY_AFTER_MAX_NS);
                cell.retryAtNs = nowNs + cell.retryAfterNs;
            }
        }
    }

    private void lose(Cell cell, BackendError error, String detail) {
        cell.state = CellState.LOST;
        cell.error = error;
        cell.detail = detail;
    }

    private boolean isGenuine(Cell cell) {
        Piece piece = cell.piece;
        ShardSet set = cell.fetch.set;
        MemorySegment row = cell.fetch.memory.row(cell.shard);
        MemorySegment table = row.asSlice(piece.tableOffset, BlockTable.bytes(set.shardBytes()));
        int block = BlockTable.blockAt(piece.wideOffset);
        boolean isGenuine = true;
        for (long at = 0; at < piece.wideLength; at += BlockTable.BLOCK_BYTES) {
            if (!codec.isGenuine(set, cell.shard, block, row, piece.rowOffset + at, table)) {
                isGenuine = false;
                remember(cell, block, block);
            }
            block++;
        }
        return isGenuine;
    }

    /** Remembers that blocks are wrong; says so and counts when they are the first of their shard. */
    private void remember(Cell cell, int fromBlock, int toBlock) {
        ShardSet set = cell.fetch.set;
        BitSet blocks = rotten.get(set.object(cell.shard));
        if (blocks == null) {
            if (rotten.size() == ROTTEN_REMEMBERED_MAX) {
                return;
            }
            blocks = new BitSet();
            rotten.put(set.object(cell.shard), blocks);
            counters.addRotten();
            LOG.warn(
                    "Shard {} of {} on backend {} is not what was written: block {}.",
                    cell.shard,
                    set.describe(),
                    access.name(set.backend(cell.shard)),
                    fromBlock);
        }
        blocks.set(fromBlock, toBlock + 1);
    }

    private boolean isKnownRotten(Cell cell) {
        if (rotten.isEmpty()) {
            return false;
        }
        BitSet blocks = rotten.get(cell.fetch.set.object(cell.shard));
        int next = blocks == null ? -1 : blocks.nextSetBit(firstBlock(cell.piece));
        return next >= 0 && next <= lastBlock(cell.piece);
    }

    private static int firstBlock(Piece piece) {
        return BlockTable.blockAt(piece.wideOffset);
    }

    private static int lastBlock(Piece piece) {
        return BlockTable.blockAt(piece.wideOffset + piece.wideLength - 1);
    }

    private void advance(ChunkFetch fetch, long nowNs) {
        if (fetch.state == State.FETCH) {
            fetch.lookAtNs = fetch.deadlineNs;
            boolean isWhole = true;
            for (Piece piece : fetch.pieces) {
                if (!piece.isSatisfied(fetch.set.code().k()) && !advance(fetch, piece, nowNs)) {
                    return;
                }
                isWhole &= piece.isSatisfied(fetch.set.code().k());
            }
            if (isWhole) {
                fetch.state = State.DECODE;
            }
        }
        if (fetch.state == State.DECODE) {
            decode(fetch, nowNs);
        }
        if (!fetch.isOver() && nowNs - fetch.deadlineNs >= 0) {
            fail(
                    fetch,
                    fetch.state == State.DECODE ? "every slot of the recall cache is in use" : "the deadline passed",
                    true);
        }
    }

    /** @return false when the fetch has failed. */
    private boolean advance(ChunkFetch fetch, Piece piece, long nowNs) {
        Cell direct = piece.direct();
        if (!piece.isDegraded) {
            if (direct.state == CellState.IDLE && isWorthAsking(direct)) {
                ask(direct, nowNs);
            }
            if (direct.state == CellState.LENT && !markOverdue(direct, nowNs)) {
                fetch.lookAtNs = earlier(fetch.lookAtNs, direct.lateAtNs);
                return true;
            }
            if (direct.state == CellState.GOOD) {
                return true;
            }
            piece.isDegraded = true;
        }
        int hoped = 0;
        for (Cell cell : piece.cells) {
            if (cell.state == CellState.GOOD
                    || (cell.state == CellState.LENT && !cell.isStale && !markOverdue(cell, nowNs))) {
                hoped++;
            }
        }
        int k = fetch.set.code().k();
        while (hoped < k) {
            Cell cell = bestCandidate(piece, nowNs);
            if (cell == null) {
                break;
            }
            ask(cell, nowNs);
            hoped += cell.state == CellState.LENT ? 1 : 0;
        }
        if (piece.cells.length - piece.count(CellState.LOST) < k) {
            fail(fetch, "fewer than " + k + " of its shards are left", false);
            return false;
        }
        for (Cell cell : piece.cells) {
            if (cell.state == CellState.LENT && !cell.isOverdue) {
                fetch.lookAtNs = earlier(fetch.lookAtNs, cell.lateAtNs);
            } else if (cell.state == CellState.AWAY && hoped < k) {
                fetch.lookAtNs = earlier(fetch.lookAtNs, cell.retryAtNs);
            }
        }
        return true;
    }

    private static long earlier(long a, long b) {
        return a - b <= 0 ? a : b;
    }

    private boolean isWorthAsking(Cell cell) {
        Id128 backend = cell.fetch.set.backend(cell.shard);
        int[] late = overdue.get(backend);
        return access.isUsable(backend) && (late == null || late[0] < OVERDUE_MAX) && !isKnownRotten(cell);
    }

    private Cell bestCandidate(Piece piece, long nowNs) {
        Cell fallback = null;
        for (Cell cell : piece.cells) {
            boolean isFree =
                    cell.state == CellState.IDLE || (cell.state == CellState.AWAY && nowNs - cell.retryAtNs >= 0);
            if (!isFree) {
                continue;
            }
            if (isWorthAsking(cell)) {
                return cell;
            }
            if (fallback == null) {
                fallback = cell;
            }
        }
        return fallback;
    }

    /** True when the answer is late; counts that once. */
    private boolean markOverdue(Cell cell, long nowNs) {
        if (!cell.isOverdue && nowNs - cell.lateAtNs >= 0) {
            cell.isOverdue = true;
            overdue.computeIfAbsent(cell.fetch.set.backend(cell.shard), id -> new int[1])[0]++;
            counters.addHedged();
        }
        return cell.isOverdue;
    }

    /**
     * How long a backend may take before it is read around: twice what is usual for it, so that slow lines are borne.
     */
    private long patienceNs(Id128 backend) {
        long usual = access.usualReadNs(backend);
        return usual == 0
                ? settings.hedgeAfterNs()
                : Math.min(settings.readTimeoutNs() / 2, Math.max(PATIENCE_MIN_NS, 2 * usual));
    }

    private void ask(Cell cell, long nowNs) {
        Piece piece = cell.piece;
        ChunkFetch fetch = cell.fetch;
        boolean isVerifying = fetch.isVerifying;
        cell.state = CellState.LENT;
        cell.isFailing = false;
        cell.lateAtNs = nowNs + patienceNs(fetch.set.backend(cell.shard));
        MemorySegment row = fetch.memory.row(cell.shard);
        MemorySegment range =
                isVerifying ? row.asSlice(piece.rowOffset, piece.wideLength) : row.asSlice(piece.rowAt(), piece.length);
        int reads = isVerifying ? 2 : 1;
        cell.lent = reads;
        fetch.lent += reads;
        lent += reads;
        read(cell, ShardHeader.BYTES + (isVerifying ? piece.wideOffset : piece.offset), range, nowNs);
        if (isVerifying) {
            long shardBytes = fetch.set.shardBytes();
            MemorySegment table = row.asSlice(piece.tableOffset, BlockTable.bytes(shardBytes));
            read(cell, BlockTable.objectOffset(shardBytes), table, nowNs);
        }
    }

    private void read(Cell cell, long objectOffset, MemorySegment dst, long nowNs) {
        ShardSet set = cell.fetch.set;
        access.getRange(
                set.backend(cell.shard),
                set.object(cell.shard),
                objectOffset,
                dst,
                nowNs + settings.readTimeoutNs(),
                new RangeRead(this, cell, dst));
    }

    private void decode(ChunkFetch fetch, long nowNs) {
        if (!sink.isReady(fetch.tag)) {
            fetch.lookAtNs = fetch.deadlineNs; // who makes it ready wakes every fetch
            return;
        }
        ShardSet set = fetch.set;
        boolean isDegraded = false;
        MemorySegment cipher = fetch.memory.assembled();
        long at = 0;
        if (fetch.pieces.length == 1 && fetch.pieces[0].direct().state == CellState.GOOD) {
            cipher = fetch.memory.row(fetch.pieces[0].shard);
            at = fetch.pieces[0].rowAt();
        } else {
            for (Piece piece : fetch.pieces) {
                isDegraded |= assemble(fetch, piece);
            }
        }
        int length = codec.open(set, fetch.chunk, cipher, at, set.sealedLength(fetch.chunk), plain);
        if (length == set.plainLength(fetch.chunk)) {
            fetch.state = State.DONE;
            counters.addFetched(isDegraded || fetch.isVerifying);
            sink.onPlain(fetch.tag, plain, length);
        } else if (!fetch.isVerifying) {
            beginVerifying(fetch);
            advance(fetch, nowNs);
        } else {
            fail(fetch, "its bytes do not authenticate though every block does", false);
        }
    }

    /** Puts one piece into the assembled chunk; true when it had to be made of others. */
    private boolean assemble(ChunkFetch fetch, Piece piece) {
        MemorySegment out = fetch.memory.assembled();
        if (piece.direct().state == CellState.GOOD) {
            MemorySegment.copy(fetch.memory.row(piece.shard), piece.rowAt(), out, piece.chunkOffset, piece.length);
            return false;
        }
        int k = fetch.set.code().k();
        int[] shards = new int[k];
        MemorySegment[] ranges = new MemorySegment[k];
        int found = 0;
        for (Cell cell : piece.cells) {
            if (found < k && cell.state == CellState.GOOD) {
                shards[found] = cell.shard;
                ranges[found] = fetch.memory.row(cell.shard).asSlice(piece.rowAt(), piece.length);
                found++;
            }
        }
        assert found == k : found;
        codec.reconstruct(fetch.set, shards, ranges, piece.shard, out, piece.chunkOffset, piece.length);
        return true;
    }

    /** Forgets what was fetched without looking, and begins again with whole blocks. */
    private void beginVerifying(ChunkFetch fetch) {
        fetch.isVerifying = true;
        fetch.state = State.FETCH;
        for (Piece piece : fetch.pieces) {
            piece.isDegraded = false;
            for (Cell cell : piece.cells) {
                if (cell.state == CellState.GOOD) {
                    cell.state = CellState.IDLE;
                } else if (cell.state == CellState.LENT) {
                    cell.isStale = true; // its memory is a backend's until it answers
                }
            }
        }
    }

    private void fail(ChunkFetch fetch, String why, boolean hasWaited) {
        fetch.state = State.FAILED;
        counters.addFailed();
        Set<String> blamed = new TreeSet<>();
        for (Piece piece : fetch.pieces) {
            for (Cell cell : piece.cells) {
                if (cell.state == CellState.LOST || (hasWaited && cell.state == CellState.AWAY)) {
                    blamed.add(holder(cell) + " (" + (cell.detail.isEmpty() ? cell.error : cell.detail) + ")");
                } else if (hasWaited && cell.state == CellState.LENT) {
                    blamed.add(holder(cell) + " (no answer)");
                }
            }
        }
        String part = fetch.chunk == ShardSet.TABLE ? "the chunk table" : "chunk " + fetch.chunk;
        sink.onFailed(
                fetch.tag,
                Linux.EIO,
                part + " of " + fetch.set.describe() + " cannot be read: " + why
                        + (blamed.isEmpty() ? "" : "; backends: " + String.join(", ", blamed)));
    }

    private String holder(Cell cell) {
        Id128 backend = cell.fetch.set.backend(cell.shard);
        return backend.isNil() ? "shard " + cell.shard : access.name(backend);
    }

    /** Makes {@link #doWork} look at every fetch: something that one may wait for has happened. */
    void lookAtAll(long nowNs) {
        for (ChunkFetch fetch : active) {
            fetch.lookAtNs = nowNs;
        }
    }
}
