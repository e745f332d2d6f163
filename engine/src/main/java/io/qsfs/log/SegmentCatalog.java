package io.qsfs.log;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.ByteSource;
import io.qsfs.memory.Failpoint;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.agrona.collections.Long2ObjectHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which segments have a local file, and access to their bytes.
 *
 * <p>Pins, reads and addresses of files that are open take no lock. The maps are replaced as a whole when a segment comes or
 * goes. At most {@code mappedSegmentsMax} files are open and mapped, and more only while more are pinned; opening one more
 * dismisses the one that was not used for the longest time.
 *
 * <p>Threading: any thread. The lock guards descriptors and mappings and is held over system calls that do not wait for the
 * disk.
 */
public final class SegmentCatalog {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentCatalog.class);

    private final LogContext context;
    private final Disk disk;
    private final Path directory;
    private final AtomicReferenceArray<Long2ObjectHashMap<SegmentFile>> byStream =
            new AtomicReferenceArray<>(Streams.COUNT);
    private final AtomicLong localBytes = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayList<SegmentFile> residents = new ArrayList<>();
    private List<ForeignFile> foreign = List.of();

    SegmentCatalog(LogContext context) {
        this.context = context;
        this.disk = context.disk();
        this.directory = context.directory();
        byStream.set(Streams.DATA, new Long2ObjectHashMap<>());
        byStream.set(Streams.META, new Long2ObjectHashMap<>());
    }

    /** Reads the directory: what is a segment is listed, what was never finished goes, the rest is foreign. */
    void load() {
        List<String> names = new ArrayList<>();
        int outcome = disk.list(directory, names);
        if (outcome < 0) {
            throw new QsfsException("The log directory " + directory + " cannot be read (errno " + -outcome
                    + "): check the disk and the permissions.");
        }
        List<ForeignFile> strange = new ArrayList<>();
        List<Long2ObjectHashMap<SegmentFile>> found = List.of(new Long2ObjectHashMap<>(), new Long2ObjectHashMap<>());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(SegmentHeader.BYTES, SegmentHeader.BYTES);
            for (String name : names) {
                if (name.endsWith(SegmentName.UNFINISHED_SUFFIX)) {
                    disk.unlink(directory.resolve(name));
                } else if (SegmentName.stream(name) >= 0) {
                    SegmentFile file = read(name, header, strange);
                    if (file != null) {
                        found.get(file.stream()).put(file.number(), file);
                        localBytes.addAndGet(file.allocatedBytes());
                    }
                } else if (name.endsWith(SegmentName.SUFFIX)) {
                    strange.add(new ForeignFile(name, "no name of a segment"));
                }
            }
        }
        for (ForeignFile file : strange) {
            LOG.warn("{} is no usable segment and is left alone: {}", directory.resolve(file.name()), file.reason());
        }
        foreign = List.copyOf(strange);
        byStream.set(Streams.DATA, found.get(Streams.DATA));
        byStream.set(Streams.META, found.get(Streams.META));
    }

    private SegmentFile read(String name, MemorySegment header, List<ForeignFile> strange) {
        Path path = directory.resolve(name);
        int fd = disk.open(path, Linux.O_RDONLY, 0);
        if (fd < 0) {
            strange.add(new ForeignFile(name, "cannot be opened: errno=" + -fd));
            return null;
        }
        try {
            long bytes = disk.pread(fd, header, 0, SegmentHeader.BYTES, 0);
            String defect = bytes < 0 ? "cannot be read: errno=" + -bytes : SegmentHeader.defect(header, 0, bytes);
            if (defect != null) {
                strange.add(new ForeignFile(name, defect));
                return null;
            }
            checkVolume(path, header);
            int stream = SegmentHeader.stream(header, 0);
            long number = SegmentHeader.number(header, 0);
            if (!name.equals(SegmentName.of(stream, number))) {
                strange.add(new ForeignFile(name, "its header says " + SegmentName.of(stream, number)));
                return null;
            }
            SegmentFile file = new SegmentFile(
                    stream,
                    number,
                    SegmentHeader.basePosition(header, 0),
                    path,
                    SegmentHeader.identity(header, 0),
                    SegmentHeader.createdNs(header, 0));
            file.close();
            file.allocatedBytes(allocatedBytes(fd));
            if (stream == Streams.DATA) {
                readUsed(file, fd, header);
            }
            return file;
        } finally {
            disk.close(fd);
        }
    }

    private void checkVolume(Path path, MemorySegment header) {
        if (!SegmentHeader.volumeId(header, 0).equals(context.volumeId())) {
            throw new QsfsException("The segment file " + path + " belongs to volume "
                    + SegmentHeader.volumeId(header, 0) + " and not to " + context.volumeId()
                    + ": give each volume a state directory of its own.");
        }
        if (SegmentHeader.segmentBytes(header, 0) != context.segmentBytes()) {
            throw new QsfsException("The segment file " + path + " has segments of "
                    + SegmentHeader.segmentBytes(header, 0) + " bytes and the volume of " + context.segmentBytes()
                    + ": the state directory does not belong to this configuration.");
        }
    }

    private void readUsed(SegmentFile file, int fd, MemorySegment buffer) {
        long at = SegmentHeader.BYTES + context.segmentBytes();
        long bytes = disk.pread(fd, buffer, 0, RangeTable.HEADER_BYTES, at);
        if (bytes == RangeTable.HEADER_BYTES && RangeTable.isHeaderSound(buffer, 0, bytes)) {
            file.toPosition(file.fromPosition() + RangeTable.usedBytes(buffer, 0));
        }
    }

    /** Files in the directory that look like segments and are not usable; never deleted. */
    public List<ForeignFile> foreign() {
        return foreign;
    }

    /** Size of a segment's window. */
    public long segmentBytes() {
        return context.segmentBytes();
    }

    /** The segment, with a pin that the caller gives back by {@link #unpin}; null when it is not local. */
    public SegmentFile pin(int stream, long number) {
        SegmentFile file = byStream.get(stream).get(number);
        return file != null && file.pin(context.clock().nanoTime()) ? file : null;
    }

    /** Gives a pin back. */
    public void unpin(SegmentFile file) {
        if (file.unpin()) {
            release(file);
        }
    }

    /**
     * Address of a byte in the mapping, for an iovec and nothing else: who loads from it dies by a disk error. Valid while the
     * caller holds the pin. A negative errno when the file cannot be mapped: use {@link #pread}.
     */
    public long mappedAddress(SegmentFile file, long position) {
        assert file.pins() > 0 : file + " is not pinned";
        MemorySegment mapping = file.mapping();
        if (mapping == null) {
            int outcome = makeResident(file, true);
            if (outcome < 0) {
                return outcome;
            }
            mapping = file.mapping();
        }
        return mapping.address() + SegmentHeader.BYTES + windowOffset(file, position);
    }

    /** Reads exactly {@code length} bytes of a pinned segment's window; 0 or a positive errno. */
    public int pread(SegmentFile file, long position, MemorySegment target, long offset, int length) {
        long windowOffset = windowOffset(file, position);
        if (windowOffset + length > context.segmentBytes()) {
            throw new IndexOutOfBoundsException(file + " position=" + position + " length=" + length);
        }
        return preadFile(file, SegmentHeader.BYTES + windowOffset, target, offset, length);
    }

    /** The window of a pinned segment as a source of bytes by position. */
    public ByteSource source(SegmentFile file) {
        return (position, target, offset, length) -> pread(file, position, target, offset, length);
    }

    /**
     * Reads the range table of a pinned, closed data segment.
     *
     * @param target as large as {@link #rangeTableBytesMax()}.
     * @return the number of entries; {@code -ENODATA} when the segment has no sound table; another {@code -errno}.
     */
    public int readRangeTable(SegmentFile file, MemorySegment target) {
        long at = SegmentHeader.BYTES + context.segmentBytes();
        int errno = preadFile(file, at, target, 0, RangeTable.HEADER_BYTES);
        if (errno != 0 || !RangeTable.isHeaderSound(target, 0, RangeTable.HEADER_BYTES)) {
            return errno == 0 || errno == Linux.EIO ? -Linux.ENODATA : -errno;
        }
        long bytes = RangeTable.bytes(RangeTable.count(target, 0));
        if (bytes > target.byteSize()) {
            return -Linux.ENODATA;
        }
        errno = preadFile(file, at, target, 0, (int) bytes);
        if (errno != 0) {
            return errno == Linux.EIO ? -Linux.ENODATA : -errno;
        }
        return RangeTable.isSound(target, 0, bytes) ? RangeTable.count(target, 0) : -Linux.ENODATA;
    }

    /** The longest range table that a segment of this log has. */
    public long rangeTableBytesMax() {
        return RangeTable.bytes(context.rangeCapacity());
    }

    /** Has the kernel read a range of a pinned segment from the disk now, so that who touches its mapping need not wait. */
    public void readAhead(SegmentFile file, long position, long length) {
        int fd = fd(file);
        if (fd >= 0) {
            disk.readAhead(fd, SegmentHeader.BYTES + windowOffset(file, position), length);
        }
    }

    /** Tells the kernel that the pages of a pinned segment are not needed soon; 0 or a positive errno. */
    public int dropPages(SegmentFile file) {
        int fd = fd(file);
        return fd < 0 ? -fd : -disk.dropPages(fd, 0, 0);
    }

    /**
     * Removes the local file; what it holds goes with the last pin. False when it is not local, or not closed, or stays.
     *
     * <p>The file is opened before its name goes: who has pinned it and not read yet could not open it any more.
     */
    public boolean evict(int stream, long number) {
        SegmentFile file = pin(stream, number);
        if (file == null) {
            return false;
        }
        try {
            return file.isClosed() && evict(file);
        } finally {
            unpin(file);
        }
    }

    private boolean evict(SegmentFile file) {
        int outcome = fd(file);
        if (outcome >= 0) {
            Failpoint.EVICT_CHOSEN.hit();
            outcome = disk.unlink(file.path());
        }
        if (outcome < 0 && outcome != -Linux.ENOENT) {
            LOG.warn("{} cannot be removed: errno={}", file.path(), -outcome);
            return false;
        }
        if (!remove(file)) {
            return false; // another thread was faster
        }
        Failpoint.EVICTED.hit();
        localBytes.addAndGet(-file.allocatedBytes());
        file.retire(); // the caller's pin is one, so the last unpin releases
        return true;
    }

    /** Disk space that the segments take. */
    public long localBytes() {
        return localBytes.get();
    }

    /** Numbers of the local segments of a stream, ascending. */
    public long[] numbers(int stream) {
        long[] numbers = byStream.get(stream).values().stream()
                .mapToLong(SegmentFile::number)
                .toArray();
        Arrays.sort(numbers);
        return numbers;
    }

    /** The local segments of a stream in no order, not pinned: for listings. */
    public List<SegmentFile> files(int stream) {
        return List.copyOf(byStream.get(stream).values());
    }

    /** One more than the highest local number of a stream, foreign files included; 0 when there is none. */
    public long nextNumber(int stream) {
        long next = 0;
        for (long number : numbers(stream)) {
            next = Math.max(next, number + 1);
        }
        for (ForeignFile file : foreign) {
            if (SegmentName.stream(file.name()) == stream) {
                next = Math.max(next, SegmentName.number(file.name()) + 1);
            }
        }
        return next;
    }

    boolean isLocal(int stream, long number) {
        return byStream.get(stream).containsKey(number);
    }

    /** Adds a new file that is open for writing. */
    void add(SegmentFile file, int fd) {
        lock.lock();
        try {
            makeRoom();
            file.fd(fd);
            residents.add(file);
        } finally {
            lock.unlock();
        }
        file.allocatedBytes(allocatedBytes(fd));
        localBytes.addAndGet(file.allocatedBytes());
        replace(file.stream(), file, true);
    }

    /** After its rest was given back a file takes less space. */
    void measure(SegmentFile file) {
        int fd = fd(file);
        if (fd >= 0) {
            long now = allocatedBytes(fd);
            localBytes.addAndGet(now - file.allocatedBytes());
            file.allocatedBytes(now);
        }
    }

    /** Descriptor of a pinned segment, or {@code -errno}. */
    int fd(SegmentFile file) {
        assert file.pins() > 0 : file + " is not pinned";
        int fd = file.fd();
        return fd >= 0 ? fd : makeResident(file, false);
    }

    /** Closes what is open. Nobody may use a segment any more. */
    void close() {
        lock.lock();
        try {
            for (SegmentFile file : residents) {
                letGo(file);
            }
            residents.clear();
        } finally {
            lock.unlock();
        }
    }

    int residentCount() {
        lock.lock();
        try {
            return residents.size();
        } finally {
            lock.unlock();
        }
    }

    private int preadFile(SegmentFile file, long fileOffset, MemorySegment target, long offset, int length) {
        int fd = fd(file);
        if (fd < 0) {
            return -fd;
        }
        long bytes = disk.pread(fd, target, offset, length, fileOffset);
        return bytes < 0 ? (int) -bytes : bytes == length ? 0 : Linux.EIO;
    }

    private long windowOffset(SegmentFile file, long position) {
        long offset = position - file.fromPosition();
        if (offset < 0 || offset > context.segmentBytes()) {
            throw new IndexOutOfBoundsException(file + " position=" + position);
        }
        return offset;
    }

    private int makeResident(SegmentFile file, boolean mapped) {
        lock.lock();
        try {
            if (file.fd() < 0) {
                makeRoom();
                int fd = disk.open(file.path(), Linux.O_RDONLY, 0);
                if (fd < 0) {
                    return fd;
                }
                file.fd(fd);
                residents.add(file);
            }
            if (mapped && file.mapping() == null) {
                MemorySegment mapping = disk.map(file.fd(), SegmentHeader.BYTES + context.segmentBytes());
                if (mapping == null) {
                    return -Linux.ENOMEM;
                }
                file.mapping(mapping);
            }
            return file.fd();
        } finally {
            lock.unlock();
        }
    }

    /** Dismisses until there is room for one more, or all that are left are pinned. */
    private void makeRoom() {
        while (residents.size() >= context.mappedSegmentsMax()) {
            SegmentFile oldest = null;
            for (SegmentFile file : residents) {
                if (file.pins() == 0 && (oldest == null || file.lastUsedNs() - oldest.lastUsedNs() < 0)) {
                    oldest = file;
                }
            }
            if (oldest == null || !oldest.beginDismiss()) {
                return;
            }
            int fd = oldest.fd();
            MemorySegment mapping = oldest.mapping();
            oldest.fd(-1);
            oldest.mapping(null);
            oldest.endDismiss();
            residents.remove(oldest);
            closeBoth(fd, mapping);
        }
    }

    private void release(SegmentFile file) {
        lock.lock();
        try {
            residents.remove(file);
            letGo(file);
        } finally {
            lock.unlock();
        }
    }

    private void letGo(SegmentFile file) {
        int fd = file.fd();
        MemorySegment mapping = file.mapping();
        file.fd(-1);
        file.mapping(null);
        closeBoth(fd, mapping);
    }

    private void closeBoth(int fd, MemorySegment mapping) {
        if (mapping != null) {
            disk.unmap(mapping);
        }
        if (fd >= 0) {
            disk.close(fd);
        }
    }

    private boolean remove(SegmentFile file) {
        return replace(file.stream(), file, false);
    }

    private boolean replace(int stream, SegmentFile file, boolean add) {
        while (true) {
            Long2ObjectHashMap<SegmentFile> seen = byStream.get(stream);
            Long2ObjectHashMap<SegmentFile> next = new Long2ObjectHashMap<>(seen);
            boolean changed = add ? next.put(file.number(), file) == null : next.remove(file.number(), file);
            if (!changed) {
                assert !add : file + " is there twice";
                return false;
            }
            if (byStream.compareAndSet(stream, seen, next)) {
                return true;
            }
        }
    }

    private long allocatedBytes(int fd) {
        FileStat stat = new FileStat();
        return disk.fstat(fd, stat) < 0 ? 0 : stat.blocks512 * 512;
    }
}
