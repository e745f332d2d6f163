package io.qsfs.index;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides whether the index on disk may be used. LMDB runs without syncs, so it may after a clean stop, or when the
 * process died and the machine did not: then the page cache has what was written.
 *
 * <p>First what the markers say, without opening the index: LMDB must not see a file that a power cut left behind.
 * Then, with the index open, whether the log has the record that was applied last.
 *
 * <p>Threading: one thread at a time.
 */
public final class IndexTrust {
    private final IndexContext context;
    private boolean isMarkedClean;

    IndexTrust(IndexContext context) {
        this.context = context;
        isMarkedClean = Files.exists(cleanFile());
    }

    /** Why the index is trusted. */
    public enum Basis {
        /** The clean marker. */
        CLEAN_STOP,
        /** Same boot, same files, same record. */
        SAME_BOOT,
        /** It is not. */
        NONE
    }

    /**
     * A decision.
     *
     * @param basis  why it is trusted, or NONE.
     * @param reason the same for people, as the end of a sentence.
     */
    public record Decision(Basis basis, String reason) {
        /** True when the index may be used. */
        public boolean isTrusted() {
            return basis != Basis.NONE;
        }
    }

    /** What the files beside the index say. */
    Decision beforeOpen() {
        if (!Files.exists(context.file())) {
            return no("there is no index");
        }
        Marker.Clean clean = Marker.Clean.decode(read(cleanFile()));
        if (clean != null) {
            return clean.volumeId().equals(context.volumeId())
                    ? new Decision(Basis.CLEAN_STOP, "it was marked clean")
                    : no("its clean marker is of volume " + clean.volumeId());
        }
        Marker.Live live = Marker.Live.decode(read(liveFile()));
        if (live == null) {
            return no("it was not stopped cleanly, and nothing says which files it was made with");
        }
        if (!live.bootId().equals(context.machine().bootId())) {
            return no("it was not stopped cleanly before the machine was started again");
        }
        boolean hasIndex = false;
        for (Marker.LiveFile file : live.files()) {
            hasIndex |= file.path().equals(context.file());
            Machine.FileIdentity now = context.machine().identify(file.path());
            if (now == null) {
                return no("it was not stopped cleanly, and " + file.path() + " is missing");
            }
            if (now.mountId() == Machine.FileIdentity.NO_MOUNT) {
                return no("it was not stopped cleanly, and this kernel has no unique mount ids (Linux 6.8 has)");
            }
            if (!now.equals(file.identity())) {
                return no("it was not stopped cleanly, and " + file.path() + " is another file than it was");
            }
        }
        return hasIndex
                ? new Decision(Basis.SAME_BOOT, "its process died, the machine did not")
                : no("it was not stopped cleanly, and nothing says which file it was");
    }

    /** What the log says of the state that the index is in. */
    Decision afterOpen(Decision before, IndexState state) {
        boolean isClean = before.basis() == Basis.CLEAN_STOP;
        if (isClean && !Marker.Clean.of(context.volumeId(), state).equals(Marker.Clean.decode(read(cleanFile())))) {
            return no("it is not in the state that its clean marker names");
        }
        if (state.position == IndexState.NOTHING_APPLIED) {
            return before;
        }
        RecordCheck.Answer answer =
                context.recordCheck().check(state.position, state.sequence, state.length, state.crc);
        return switch (answer) {
            case SAME -> before;
            case DIFFERENT -> no("the log has another record at position " + state.position + " than it applied");
            // A segment of the meta stream may have been evicted after it was placed.
            case ABSENT ->
                isClean
                        ? before
                        : no("it was not stopped cleanly, and the log does not have the record at position "
                                + state.position + " any more");
        };
    }

    /**
     * Remembers who the index and these other files are. They and it are trusted together, until the next boot. 0 or
     * errno.
     */
    int recordIdentity(List<Path> others) {
        List<Path> paths = new ArrayList<>();
        paths.add(context.file());
        paths.addAll(others);
        List<Marker.LiveFile> files = new ArrayList<>();
        for (Path path : paths) {
            Machine.FileIdentity identity = context.machine().identify(path);
            if (identity == null) {
                throw new IllegalArgumentException("no such file, so it cannot be recorded: " + path);
            }
            files.add(new Marker.LiveFile(path, identity));
        }
        return DurableFile.write(liveFile(), new Marker.Live(context.machine().bootId(), files).encode(), false);
    }

    /** Says that the index is synced and in this state. 0 or errno. */
    int markClean(IndexState state) {
        isMarkedClean = true; // whatever comes of it, the file may be there
        return DurableFile.write(
                cleanFile(), Marker.Clean.of(context.volumeId(), state).encode(), true);
    }

    /** Before every commit: the index will change. Costs something only after {@link #markClean}. 0 or errno. */
    int unmarkClean() {
        if (!isMarkedClean) {
            return 0;
        }
        int rc = DurableFile.remove(cleanFile());
        isMarkedClean = rc != 0;
        return rc;
    }

    /** Nothing that was recorded counts any more. */
    void forget() {
        int rc = unmarkClean();
        rc = rc == 0 ? DurableFile.remove(liveFile()) : rc;
        if (rc != 0) {
            throw new QsfsException("The marker of the index in " + context.directory() + " cannot be removed ("
                    + Errno.message(rc) + "); make the directory writable.");
        }
    }

    private Path cleanFile() {
        return context.directory().resolve("clean");
    }

    private Path liveFile() {
        return context.directory().resolve("live");
    }

    private static byte[] read(Path file) {
        try {
            return DurableFile.read(file);
        } catch (IOException e) {
            return null; // unreadable is as good as absent: the index is rebuilt
        }
    }

    private static Decision no(String reason) {
        return new Decision(Basis.NONE, reason);
    }
}
