package io.qsfs.backend;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to write a volume, on stores that offer no compare-and-swap: an object {@code epoch/<epoch>/<owner>} on a majority of the
 * backends that the superblock names, then a listing of a majority. Two majorities have a backend in common, so of two who put the same
 * epoch at least one sees the other.
 *
 * <pre>
 *  0  "QSFSTITL"     8 u32 version = 1    12 u32 bytes = 72
 * 16  volume id     32 owner              48 u64 epoch
 * 56  s64 created, ns since 1970 UTC      64 u32 0    68 u32 CRC32C of bytes 0 to 67
 * </pre>
 *
 * The content is for people who look; what counts is the name, and on how many backends it is. A claim that was given up, or whose
 * claimant died in the middle of it, can leave its title on some of them; one that no majority can have, those that do not answer
 * counted for it, is nobody's title.
 *
 * <p>Threading: a thread that may wait.
 */
public final class Titles {
    /** Length of a title object. */
    public static final int BYTES = 72;

    private static final long MAGIC = 0x4c54495453465351L; // "QSFSTITL", little endian
    private static final int VERSION = 1;
    private static final int AT_CRC = 68;
    private static final int EPOCH_DIGITS = 16;
    private static final int WITHDRAW_TRIES_MAX = 2;
    private static final Logger LOG = LoggerFactory.getLogger(Titles.class);

    private Titles() {}

    /**
     * What a listing showed.
     *
     * @param epoch the highest of the titles that a majority can have; 0 when there is none.
     * @param owner who has it; NIL when there is none.
     * @param answered backends that were listed.
     * @param isMajority true when those are a majority.
     * @param seenEpoch the highest of any title, lost ones included: a new claim goes above it.
     */
    public record Highest(long epoch, Id128 owner, int answered, boolean isMajority, long seenEpoch) {}

    /**
     * How a claim ended.
     *
     * @param isOwned the claimant owns the epoch.
     * @param other who was in the way; NIL when too few backends answered.
     */
    public record ClaimResult(boolean isOwned, Id128 other) {}

    /** One title by its name. */
    record Title(long epoch, Id128 owner) {
        /** The title with that name; null when it is the name of something else. */
        static Title parse(String object) {
            String[] parts = object.split("/", -1);
            boolean isOne = parts.length == 3
                    && (parts[0] + "/").equals(ObjectNames.TITLES)
                    && parts[1].length() == EPOCH_DIGITS
                    && parts[2].length() == 2 * Id128.BYTES;
            if (!isOne) {
                return null;
            }
            try {
                return new Title(HexFormat.fromHexDigitsToLong(parts[1]), Id128.parse(parts[2]));
            } catch (IllegalArgumentException e) {
                return null; // a name that nobody of ours wrote
            }
        }
    }

    /** By title the number of backends that list it. */
    private record Listing(Map<Title, Integer> titles, int answered) {}

    /**
     * Lists the titles.
     *
     * @param backends   such as the superblock names.
     * @param majorityOf how many it names.
     */
    public static Highest read(Collection<? extends Backend> backends, int majorityOf, long timeoutNs) {
        Listing listing = list(backends, timeoutNs);
        int silent = Math.max(0, majorityOf - listing.answered());
        Title highest = new Title(0, Id128.NIL);
        long seenEpoch = 0;
        for (Map.Entry<Title, Integer> entry : listing.titles().entrySet()) {
            Title title = entry.getKey();
            seenEpoch = Math.max(seenEpoch, title.epoch());
            if (title.epoch() > highest.epoch() && isMajority(entry.getValue() + silent, majorityOf)) {
                highest = title;
            }
        }
        return new Highest(
                highest.epoch(),
                highest.owner(),
                listing.answered(),
                isMajority(listing.answered(), majorityOf),
                seenEpoch);
    }

    /**
     * Claims an epoch. Any title as high is in the way, also one on few backends: its owner may be about to put it on the others.
     *
     * @param epoch above every title that was read.
     */
    public static ClaimResult claim(
            Collection<? extends Backend> backends,
            int majorityOf,
            Id128 volumeId,
            long epoch,
            Id128 owner,
            long timeoutNs) {
        if (!isMajority(put(backends, volumeId, epoch, owner, timeoutNs), majorityOf)) {
            withdraw(backends, epoch, owner, timeoutNs);
            return new ClaimResult(false, Id128.NIL);
        }
        Listing listing = list(backends, timeoutNs);
        for (Title title : listing.titles().keySet()) {
            if (title.epoch() >= epoch && !title.owner().equals(owner)) {
                withdraw(backends, epoch, owner, timeoutNs);
                return new ClaimResult(false, title.owner());
            }
        }
        boolean isOwned = isMajority(listing.answered(), majorityOf);
        if (!isOwned) {
            withdraw(backends, epoch, owner, timeoutNs);
        }
        return new ClaimResult(isOwned, Id128.NIL);
    }

    private static boolean isMajority(int count, int of) {
        return 2 * count > of;
    }

    private static int put(
            Collection<? extends Backend> backends, Id128 volumeId, long epoch, Id128 owner, long timeoutNs) {
        try (NativeBuffer buffer = new NativeBuffer(BYTES)) {
            MemorySegment body = buffer.segment().asSlice(0, BYTES);
            encode(body, volumeId, epoch, owner, Clock.SYSTEM.realtimeNs());
            List<BlockingCompletion<Void>> puts = new ArrayList<>();
            long deadlineNs = Clock.SYSTEM.nanoTime() + timeoutNs;
            for (Backend backend : backends) {
                BlockingCompletion<Void> done = new BlockingCompletion<>();
                backend.put(ObjectNames.title(epoch, owner), List.of(body), deadlineNs, done);
                puts.add(done);
            }
            int count = 0;
            for (BlockingCompletion<Void> done : puts) {
                BackendError error = done.await();
                count += error == BackendError.NONE || error == BackendError.EXISTS ? 1 : 0;
            }
            return count;
        }
    }

    /** The body of a title. */
    static void encode(MemorySegment body, Id128 volumeId, long epoch, Id128 owner, long createdNs) {
        body.fill((byte) 0);
        body.set(LONG, 0, MAGIC);
        body.set(INT, 8, VERSION);
        body.set(INT, 12, BYTES);
        volumeId.write(body, 16);
        owner.write(body, 32);
        body.set(LONG, 48, epoch);
        body.set(LONG, 56, createdNs);
        body.set(INT, AT_CRC, Isal.crc32c(body, 0, AT_CRC, 0));
    }

    /**
     * A claim that did not hold must not stand in the way of the next one. What cannot be deleted counts for nothing as long as
     * it is on fewer backends than a majority.
     */
    private static void withdraw(Collection<? extends Backend> backends, long epoch, Id128 owner, long timeoutNs) {
        Collection<? extends Backend> left = backends;
        for (int i = 0; i < WITHDRAW_TRIES_MAX && !left.isEmpty(); i++) {
            left = delete(left, ObjectNames.title(epoch, owner), timeoutNs);
        }
        if (!left.isEmpty()) {
            LOG.warn(
                    "the title {} of owner {}, which was given up, may still be on {}",
                    epoch,
                    owner,
                    left.stream().map(Backend::name).toList());
        }
    }

    /** Deletes on all at once; returns those that did not say that the object is gone. */
    private static List<Backend> delete(Collection<? extends Backend> backends, String object, long timeoutNs) {
        Map<Backend, BlockingCompletion<Void>> deletes = new LinkedHashMap<>();
        long deadlineNs = Clock.SYSTEM.nanoTime() + timeoutNs;
        for (Backend backend : backends) {
            BlockingCompletion<Void> done = new BlockingCompletion<>();
            backend.delete(object, deadlineNs, done);
            deletes.put(backend, done);
        }
        List<Backend> left = new ArrayList<>();
        deletes.forEach((backend, done) -> {
            BackendError error = done.await();
            if (error != BackendError.NONE && error != BackendError.NOT_FOUND) {
                left.add(backend);
            }
        });
        return left;
    }

    private static Listing list(Collection<? extends Backend> backends, long timeoutNs) {
        Map<Backend, Set<String>> names = new LinkedHashMap<>();
        Map<Backend, BlockingCompletion<Void>> listings = new LinkedHashMap<>();
        long deadlineNs = Clock.SYSTEM.nanoTime() + timeoutNs;
        for (Backend backend : backends) {
            Set<String> found = ConcurrentHashMap.newKeySet();
            BlockingCompletion<Void> done = new BlockingCompletion<>();
            backend.list(ObjectNames.TITLES, deadlineNs, (name, bytes) -> found.add(name), done);
            names.put(backend, found);
            listings.put(backend, done);
        }
        int answered = 0;
        Map<Title, Integer> titles = new HashMap<>();
        for (Map.Entry<Backend, BlockingCompletion<Void>> listing : listings.entrySet()) {
            answered += listing.getValue().await() == BackendError.NONE ? 1 : 0;
            for (String name : names.get(listing.getKey())) { // of a listing that broke off, too
                Title title = Title.parse(name);
                if (title != null) {
                    titles.merge(title, 1, Integer::sum);
                }
            }
        }
        return new Listing(titles, answered);
    }
}
