package io.qsfs.log;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * A disk whose power can be cut. Files are real ones in a temporary directory (so mappings and {@code writev} work) and hold the
 * image as written; beside each stands its synced image and the list of later changes. {@link #powerCut} leaves the synced
 * image plus any subset of the later writes, in any order, torn at 512 bytes; names that were not synced may be there or not.
 *
 * <p>A failed {@code fdatasync} leaves the pages clean, as Linux does: a later one that succeeds does not make them durable.
 *
 * <p>Threading: any thread; one call at a time.
 */
public final class SimDisk implements Disk {
    private static final int SECTOR = 512;
    private static final int BLOCK = 4096;

    private final RealDisk real = new RealDisk();
    private final Path root;
    private final long seed;
    private final Random random;
    private final Map<Integer, Inode> open = new HashMap<>();
    private final Map<Path, Inode> names = new HashMap<>();
    private final Map<Path, Inode> syncedNames = new HashMap<>();
    private final List<NameChange> nameChanges = new ArrayList<>();
    private boolean dead;
    private long operationsLeft = Long.MAX_VALUE;

    private long capacityBytes = Long.MAX_VALUE;
    private int syncsToFail;
    private boolean syncsDoNothing;
    private boolean directorySyncsDoNothing;
    private boolean fallocateMissing;
    private int syncCount;

    private record Change(long offset, byte[] bytes, long punchBytes, long size) {
        static Change write(long offset, byte[] bytes) {
            return new Change(offset, bytes, 0, -1);
        }

        static Change punch(long offset, long length) {
            return new Change(offset, null, length, -1);
        }

        static Change size(long size) {
            return new Change(0, null, 0, size);
        }
    }

    private record NameChange(Path directory, Path removed, Path added, Inode inode) {}

    private static final class Inode {
        final TreeMap<Long, byte[]> synced = new TreeMap<>();
        long syncedSize;
        final List<Change> dirty = new ArrayList<>();
        /** Writes whose sync failed: no later sync covers them. */
        final List<Change> lost = new ArrayList<>();

        final BitSet blocks = new BitSet();
        long size;

        void apply(Change change) {
            if (change.bytes != null) {
                for (int done = 0; done < change.bytes.length; ) {
                    long at = change.offset + done;
                    int within = (int) (at % SECTOR);
                    int step = Math.min(SECTOR - within, change.bytes.length - done);
                    byte[] sector = synced.computeIfAbsent(at / SECTOR, key -> new byte[SECTOR]);
                    System.arraycopy(change.bytes, done, sector, within, step);
                    done += step;
                }
                syncedSize = Math.max(syncedSize, change.offset + change.bytes.length);
            } else if (change.size >= 0) {
                syncedSize = change.size;
                synced.tailMap((change.size + SECTOR - 1) / SECTOR, true).clear();
            } else {
                synced.subMap(change.offset / SECTOR, (change.offset + change.punchBytes) / SECTOR)
                        .clear();
            }
        }
    }

    /** A disk over what is in {@code root}, which counts as synced. */
    public SimDisk(Path root, long seed) {
        this.root = root;
        this.seed = seed;
        this.random = new Random(seed);
        try (var files = Files.walk(root)) {
            for (Path path : files.filter(Files::isRegularFile).toList()) {
                Inode inode = new Inode();
                byte[] content = Files.readAllBytes(path);
                inode.apply(Change.size(content.length));
                inode.apply(Change.write(0, content));
                inode.size = content.length;
                inode.blocks.set(0, (content.length + BLOCK - 1) / BLOCK);
                names.put(path, inode);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        syncedNames.putAll(names);
    }

    /** The seed that decides what survives. */
    public long seed() {
        return seed;
    }

    /** ENOSPC once files have taken this many bytes. */
    public synchronized void capacityBytes(long bytes) {
        capacityBytes = bytes;
    }

    /** Bytes that files take now. */
    public synchronized long usedBytes() {
        return new HashSet<>(names.values())
                .stream()
                        .mapToLong(inode -> (long) inode.blocks.cardinality() * BLOCK)
                        .sum();
    }

    /** The next {@code count} calls of fdatasync fail with EIO. */
    public synchronized void failSyncs(int count) {
        syncsToFail = count;
    }

    /** The mutation that every power-cut test must notice. */
    public synchronized void syncsDoNothing() {
        syncsDoNothing = true;
    }

    /** The same for directories. */
    public synchronized void directorySyncsDoNothing() {
        directorySyncsDoNothing = true;
    }

    /** A file system without fallocate. */
    public synchronized void fallocateMissing() {
        fallocateMissing = true;
    }

    /** The power goes at the {@code count}-th change from here: it and all later ones fail, and {@link #powerCut} shows what is left. */
    public synchronized void diesAtChange(long count) {
        operationsLeft = count;
    }

    /** True when the power is gone. */
    public synchronized boolean isDead() {
        return dead;
    }

    private boolean isAlive() {
        if (!dead && operationsLeft != Long.MAX_VALUE && --operationsLeft <= 0) {
            die();
        }
        return !dead;
    }

    /** How often a file was synced. */
    public synchronized int syncCount() {
        return syncCount;
    }

    /** The process dies: its descriptors are gone, the page cache is not. Returns the disk for the next process. */
    public synchronized SimDisk processDeath() {
        die();
        SimDisk next = new SimDisk(root, random.nextLong());
        next.names.clear();
        next.names.putAll(names);
        next.syncedNames.clear();
        next.syncedNames.putAll(syncedNames);
        next.nameChanges.addAll(nameChanges);
        return inherit(next);
    }

    /** The power goes and comes back. Returns the disk as it is then; this one is dead. */
    public synchronized SimDisk powerCut() {
        die();
        Map<Path, Inode> after = new HashMap<>(syncedNames);
        double nameOdds = odds();
        for (NameChange change : nameChanges) {
            if (random.nextDouble() < nameOdds) {
                apply(after, change);
            }
        }
        Set<Inode> inodes = new HashSet<>(after.values());
        inodes.forEach(this::settle);
        try {
            for (Path path : names.keySet()) {
                Files.deleteIfExists(path);
            }
            for (Map.Entry<Path, Inode> entry : after.entrySet()) {
                restore(entry.getKey(), entry.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return inherit(new SimDisk(root, random.nextLong()));
    }

    private SimDisk inherit(SimDisk next) {
        next.capacityBytes = capacityBytes;
        next.syncsDoNothing = syncsDoNothing;
        next.directorySyncsDoNothing = directorySyncsDoNothing;
        next.fallocateMissing = fallocateMissing;
        return next;
    }

    /** None, all, or some: extremes find the most. */
    private double odds() {
        return switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> 1;
            default -> random.nextDouble();
        };
    }

    private void settle(Inode inode) {
        double odds = odds();
        List<Change> pieces = new ArrayList<>();
        List<Change> later = new ArrayList<>(inode.lost);
        later.addAll(inode.dirty);
        for (Change change : later) {
            if (change.bytes == null) {
                if (random.nextDouble() < odds && (change.size < 0 || change.size >= inode.syncedSize)) {
                    pieces.add(change);
                }
                continue;
            }
            for (int done = 0; done < change.bytes.length; ) {
                long at = change.offset + done;
                int step = Math.min(SECTOR - (int) (at % SECTOR), change.bytes.length - done);
                if (random.nextDouble() < odds) {
                    byte[] piece = new byte[step];
                    System.arraycopy(change.bytes, done, piece, 0, step);
                    pieces.add(Change.write(at, piece));
                }
                done += step;
            }
        }
        Collections.shuffle(pieces, random);
        long size = inode.syncedSize;
        for (Change piece : pieces) {
            inode.apply(piece);
            size = Math.max(size, inode.syncedSize);
        }
        inode.syncedSize = size;
    }

    private void restore(Path path, Inode inode) throws IOException {
        Files.createDirectories(path.getParent());
        try (FileChannel channel = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            for (Map.Entry<Long, byte[]> sector : inode.synced.entrySet()) {
                long at = sector.getKey() * SECTOR;
                int length = (int) Math.min(SECTOR, inode.syncedSize - at);
                if (length > 0) {
                    channel.write(ByteBuffer.wrap(sector.getValue(), 0, length), at);
                }
            }
            if (channel.size() < inode.syncedSize) {
                channel.write(ByteBuffer.wrap(new byte[1]), inode.syncedSize - 1);
            }
        }
    }

    private void die() {
        dead = true;
        open.keySet().forEach(real::close);
        open.clear();
    }

    private static void apply(Map<Path, Inode> target, NameChange change) {
        if (change.removed != null) {
            target.remove(change.removed);
        }
        if (change.added != null) {
            target.put(change.added, change.inode);
        }
    }

    private void change(Path removed, Path added, Inode inode) {
        NameChange change = new NameChange((removed != null ? removed : added).getParent(), removed, added, inode);
        apply(names, change);
        nameChanges.add(change);
    }

    @Override
    public synchronized int open(Path path, int flags, int mode) {
        if (!isAlive()) {
            return -Linux.EIO;
        }
        boolean isNew = !names.containsKey(path);
        int fd = real.open(path, flags, mode);
        if (fd < 0) {
            return fd;
        }
        if (isNew) {
            change(null, path, new Inode());
        }
        Inode inode = names.get(path);
        if ((flags & Linux.O_TRUNC) != 0 && inode.size > 0) {
            resize(inode, 0);
        }
        open.put(fd, inode);
        return fd;
    }

    private void resize(Inode inode, long size) {
        inode.dirty.add(Change.size(size));
        inode.size = size;
        inode.blocks.clear((int) ((size + BLOCK - 1) / BLOCK), Integer.MAX_VALUE);
    }

    @Override
    public synchronized int close(int fd) {
        return open.remove(fd) == null ? -Linux.EBADF : real.close(fd);
    }

    @Override
    public synchronized long pread(int fd, MemorySegment target, long offset, long length, long fileOffset) {
        return !open.containsKey(fd) ? -Linux.EIO : real.pread(fd, target, offset, length, fileOffset);
    }

    @Override
    public synchronized int pwrite(int fd, MemorySegment source, long offset, long length, long fileOffset) {
        isAlive();
        Inode inode = open.get(fd);
        if (inode == null) {
            return -Linux.EIO;
        }
        if (!takeBlocks(inode, fileOffset, length)) {
            return -Linux.ENOSPC;
        }
        byte[] bytes = source.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
        inode.dirty.add(Change.write(fileOffset, bytes));
        inode.size = Math.max(inode.size, fileOffset + length);
        return real.pwrite(fd, source, offset, length, fileOffset);
    }

    private boolean takeBlocks(Inode inode, long offset, long length) {
        BitSet wanted = new BitSet();
        wanted.set((int) (offset / BLOCK), (int) ((offset + length + BLOCK - 1) / BLOCK));
        wanted.andNot(inode.blocks);
        if (wanted.isEmpty()) {
            return true;
        }
        if (capacityBytes != Long.MAX_VALUE && usedBytes() + (long) wanted.cardinality() * BLOCK > capacityBytes) {
            return false;
        }
        inode.blocks.or(wanted);
        return true;
    }

    @Override
    public synchronized int fdatasync(int fd) {
        Inode inode = open.get(fd);
        if (inode != null && syncsToFail > 0) {
            syncsToFail--;
            inode.lost.addAll(inode.dirty);
            inode.dirty.clear();
            return -Linux.EIO;
        }
        return fsync(fd);
    }

    @Override
    public synchronized int fsync(int fd) {
        isAlive();
        Inode inode = open.get(fd);
        if (inode == null) {
            return -Linux.EIO;
        }
        syncCount++;
        if (!syncsDoNothing) {
            inode.dirty.forEach(inode::apply);
            inode.dirty.clear();
        }
        return 0;
    }

    @Override
    public synchronized int fallocate(int fd, int mode, long offset, long length) {
        isAlive();
        Inode inode = open.get(fd);
        if (inode == null) {
            return -Linux.EIO;
        }
        if (fallocateMissing) {
            return -Linux.EOPNOTSUPP;
        }
        if ((mode & Linux.FALLOC_FL_PUNCH_HOLE) != 0) {
            inode.dirty.add(Change.punch(offset, length));
            inode.blocks.clear((int) ((offset + BLOCK - 1) / BLOCK), (int) ((offset + length) / BLOCK));
        } else {
            if (!takeBlocks(inode, offset, length)) {
                return -Linux.ENOSPC;
            }
            if (offset + length > inode.size) {
                inode.size = offset + length;
                inode.dirty.add(Change.size(inode.size));
            }
        }
        return real.fallocate(fd, mode, offset, length);
    }

    @Override
    public synchronized int ftruncate(int fd, long length) {
        isAlive();
        Inode inode = open.get(fd);
        if (inode == null) {
            return -Linux.EIO;
        }
        resize(inode, length);
        return real.ftruncate(fd, length);
    }

    @Override
    public synchronized int fstat(int fd, FileStat out) {
        return !open.containsKey(fd) ? -Linux.EIO : real.fstat(fd, out);
    }

    @Override
    public synchronized int dropPages(int fd, long offset, long length) {
        return !open.containsKey(fd) ? -Linux.EIO : real.dropPages(fd, offset, length);
    }

    @Override
    public synchronized MemorySegment map(int fd, long length) {
        return !open.containsKey(fd) ? null : real.map(fd, length);
    }

    @Override
    public int unmap(MemorySegment mapping) {
        return real.unmap(mapping);
    }

    @Override
    public synchronized int rename(Path from, Path to) {
        if (!isAlive()) {
            return -Linux.EIO;
        }
        int outcome = real.rename(from, to);
        if (outcome >= 0) {
            change(from, to, names.get(from));
        }
        return outcome;
    }

    @Override
    public synchronized int unlink(Path path) {
        if (!isAlive()) {
            return -Linux.EIO;
        }
        int outcome = real.unlink(path);
        if (outcome >= 0) {
            change(path, null, null);
        }
        return outcome;
    }

    @Override
    public synchronized int makeDirectory(Path path, int mode) {
        return dead ? -Linux.EIO : real.makeDirectory(path, mode);
    }

    @Override
    public synchronized int syncDirectory(Path directory) {
        if (!isAlive()) {
            return -Linux.EIO;
        }
        if (directorySyncsDoNothing) {
            return 0;
        }
        for (NameChange change : nameChanges) {
            if (change.directory.equals(directory)) {
                apply(syncedNames, change);
            }
        }
        nameChanges.removeIf(change -> change.directory.equals(directory));
        return 0;
    }

    @Override
    public synchronized int list(Path directory, List<String> target) {
        return dead ? -Linux.EIO : real.list(directory, target);
    }
}
