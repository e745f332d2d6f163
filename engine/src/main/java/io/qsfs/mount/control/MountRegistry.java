package io.qsfs.mount.control;

import io.qsfs.config.Failures;
import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which mounts run: a small file for each, in the runtime directory of the user who mounted.
 *
 * <p>Threading: any thread; files are replaced whole.
 */
public final class MountRegistry {
    private static final String FOLDER = "mounts";
    private static final int ENTRY_BYTES_MAX = 64 << 10;
    private static final int ENTRIES_MAX = 10_000;
    /** The start of a process is reckoned from the boot time, which moves when the clock is set. */
    private static final long START_SKEW_MS = 2_000;

    private final Paths paths;

    public MountRegistry(Paths paths) {
        this.paths = paths;
    }

    /**
     * A mount.
     *
     * @param mountPoint as {@link MountPoints#canonical} has it.
     * @param volume     name.
     * @param stateDir   of the volume.
     * @param socket     control socket.
     * @param pid        of the process.
     * @param startedMs  of the process, so that a pid given to another is told apart; 0 when not known.
     */
    public record Entry(String mountPoint, String volume, String stateDir, String socket, long pid, long startedMs) {
        /** For this process. */
        public static Entry ofThisProcess(Path mountPoint, String volume, Path stateDir, Path socket) {
            ProcessHandle self = ProcessHandle.current();
            return new Entry(
                    mountPoint.toString(), volume, stateDir.toString(), socket.toString(), self.pid(), startedMs(self));
        }

        /** The process, null when it is gone. */
        public ProcessHandle process() {
            ProcessHandle found = ProcessHandle.of(pid).orElse(null);
            if (found == null || !found.isAlive() || isZombie(pid)) {
                return null;
            }
            long foundMs = startedMs(found);
            boolean isAnother = startedMs != 0 && foundMs != 0 && Math.abs(foundMs - startedMs) > START_SKEW_MS;
            return isAnother ? null : found;
        }

        /** Ended, and its parent has not asked how: it holds nothing any more, but has a number still. */
        private static boolean isZombie(long pid) {
            try {
                String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
                int state = stat.lastIndexOf(')') + 2; // behind the name, which may hold anything
                return state < stat.length() && stat.charAt(state) == 'Z';
            } catch (IOException e) {
                return true; // gone since
            }
        }

        private static long startedMs(ProcessHandle process) {
            return process.info()
                    .startInstant()
                    .map(instant -> instant.toEpochMilli())
                    .orElse(0L);
        }
    }

    /** Writes or replaces the entry of a mount point. */
    public void put(Entry entry) {
        Path folder = Paths.makePrivate(Paths.makePrivate(paths.runtime()).resolve(FOLDER));
        Path file = folder.resolve(fileName(entry.mountPoint()));
        Path written = folder.resolve("." + fileName(entry.mountPoint()) + "." + entry.pid());
        try {
            Files.write(written, Message.JSON.writeValueAsBytes(entry));
            Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new QsfsException(
                    file + " cannot be written (" + Failures.reason(e)
                            + "): set XDG_RUNTIME_DIR to a directory of yours with space.",
                    e);
        }
    }

    /** Removes an entry, unless another mount has taken its place. */
    public void remove(Entry entry) {
        for (Path runtime : paths.runtimeCandidates()) {
            Path file = runtime.resolve(FOLDER).resolve(fileName(entry.mountPoint()));
            Entry found = read(file);
            if (found != null && found.pid() == entry.pid()) {
                try {
                    Files.deleteIfExists(file);
                } catch (IOException e) {
                    continue; // an entry of a dead process harms nobody
                }
            }
        }
    }

    /** The entry of a mount point, null when there is none. One whose process lives comes first. */
    public Entry find(Path mountPoint) {
        Entry dead = null;
        for (Path runtime : paths.runtimeCandidates()) {
            Entry entry = read(runtime.resolve(FOLDER).resolve(fileName(mountPoint.toString())));
            if (entry == null) {
                continue;
            }
            if (entry.process() != null) {
                return entry;
            }
            dead = dead == null ? entry : dead;
        }
        return dead;
    }

    /** All entries that this user may read. */
    public List<Entry> list() {
        List<Entry> entries = new ArrayList<>();
        for (Path runtime : paths.runtimeCandidates()) {
            Path folder = runtime.resolve(FOLDER);
            if (!Files.isDirectory(folder)) {
                continue;
            }
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(file -> file.getFileName().toString().endsWith(".json"))
                        .limit(ENTRIES_MAX)
                        .map(MountRegistry::read)
                        .filter(entry -> entry != null)
                        .forEach(entries::add);
            } catch (IOException e) {
                continue; // another user's
            }
        }
        return entries;
    }

    private static Entry read(Path file) {
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > ENTRY_BYTES_MAX) {
                return null;
            }
            Entry entry = Message.JSON.readValue(Files.readAllBytes(file), Entry.class);
            boolean isWhole = entry != null
                    && entry.mountPoint() != null
                    && entry.socket() != null
                    && entry.stateDir() != null
                    && entry.pid() > 0;
            return isWhole ? entry : null;
        } catch (IOException e) {
            return null; // not readable, or not an entry
        }
    }

    private static String fileName(String mountPoint) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(mountPoint.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16) + ".json";
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
