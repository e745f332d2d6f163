package io.qsfs.bench.tool;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.BackendSpec;
import io.qsfs.backend.Backends;
import io.qsfs.backend.BlockingCompletion;
import io.qsfs.backend.Identity;
import io.qsfs.backend.ObjectNames;
import io.qsfs.config.Failures;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The place on a backend that a run writes to: below a directory, a directory {@code .qsfs-bench-<16 hex digits>}; on
 * a server, keys that begin with {@code <prefix>qsfs-bench:<16 hex digits>:}. A volume never sees either: its names
 * have no part that begins with a dot, and its keys begin with {@code <prefix>qsfs:}. The place is a backend of its
 * own, with an identity of its own, so what runs in it is what runs in a volume's.
 *
 * <p>Threading: made and removed by one thread at a time; the monitor keeps the hook that cleans up from the run.
 */
final class Scratch {
    /** What names of scratch directories begin with. */
    static final String DIRECTORY_PREFIX = ".qsfs-bench-";

    private static final String KEY_PREFIX = "qsfs-bench:";
    private static final long ANSWER_NS = 10_000_000_000L;
    private static final long GRACE_NS = 600_000_000_000L;
    private static final int LEFT_OVER_MAX = 16;

    private final BackendSpec target;
    private final Clock clock;
    private final Stop stop;
    private BackendSpec spec;
    private String remark = "";
    private boolean isRemoved;

    private Scratch(BackendSpec target, BackendSpec spec, Clock clock, Stop stop) {
        this.target = target;
        this.spec = spec;
        this.clock = clock;
        this.stop = stop;
    }

    /**
     * Makes a place.
     *
     * @param target where; the directory must exist.
     * @param volume that its identity names; of no real volume.
     * @throws QsfsException one sentence; nothing is left then.
     */
    static Scratch make(BackendSpec target, Id128 volume, SecureRandom random, Clock clock, Stop stop) {
        stop.check();
        String run = java.util.HexFormat.of().toHexDigits(random.nextLong());
        Scratch scratch = new Scratch(target, placeIn(target, run), clock, stop);
        stop.add(scratch);
        try {
            scratch.begin(new Identity(volume, Id128.random(random), clock.realtimeNs()));
            return scratch;
        } catch (RuntimeException e) {
            scratch.removeQuietly();
            throw e;
        }
    }

    private static BackendSpec placeIn(BackendSpec target, String run) {
        if (target.kind() == BackendSpec.Kind.REDIS) {
            return with(target, null, target.prefix() + KEY_PREFIX + run + ":");
        }
        if (!Files.isDirectory(target.directory())) {
            String why = Files.exists(target.directory(), LinkOption.NOFOLLOW_LINKS)
                    ? "is not a directory: name one"
                    : "does not exist: make it, or name another";
            throw new QsfsException("backend " + target.name() + ": " + target.directory() + " " + why + ".");
        }
        return with(target, target.directory().resolve(DIRECTORY_PREFIX + run), "");
    }

    private static BackendSpec with(BackendSpec like, Path directory, String prefix) {
        return new BackendSpec(
                like.name(),
                like.group(),
                like.kind(),
                directory,
                like.host(),
                like.port(),
                like.database(),
                like.username(),
                like.password(),
                prefix,
                like.buffered(),
                like.bufferedGraceNs(),
                like.connectTimeoutNs());
    }

    private void begin(Identity identity) {
        Answer answer = putIdentity(identity);
        if (answer.error == BackendError.NOT_DURABLE) {
            remark = answer.detail + "; it is measured as it is.";
            spec = spec.buffered(true, GRACE_NS);
            answer = putIdentity(identity);
        }
        if (answer.error != BackendError.NONE) {
            throw failure(target, answer.error, answer.detail);
        }
    }

    private record Answer(BackendError error, String detail) {}

    private Answer putIdentity(Identity identity) {
        try (Backend backend = Backends.open(spec, clock)) {
            BlockingCompletion<Void> made = new BlockingCompletion<>();
            backend.putIdentity(identity, clock.nanoTime() + ANSWER_NS, made);
            return new Answer(made.await(), made.detail());
        }
    }

    /** What went wrong with a backend, and what to do. */
    static QsfsException failure(BackendSpec target, BackendError error, String detail) {
        String remedy =
                switch (error) {
                    case FULL -> "free some space, or lower --space";
                    case DENIED -> "check owner and mode of the directory, or user and password of the server";
                    case UNREACHABLE, TIMEOUT -> "check that it runs and that its address is right";
                    case NOT_DURABLE -> "configure it with buffered = true";
                    case NONE, CORRUPT, NOT_FOUND, EXISTS, ABSENT, FOREIGN, CLOSED -> "look at what lies there";
                };
        return new QsfsException("backend " + target + " cannot be measured: "
                + error.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ')
                + (detail.isEmpty() ? "" : " (" + detail + ")") + "; " + remedy + ".");
    }

    /** The place, to be opened as a backend. */
    BackendSpec spec() {
        return spec;
    }

    /** The backend that it is on. */
    BackendSpec target() {
        return target;
    }

    /** What was noticed while it was made; empty for nothing. */
    String remark() {
        return remark;
    }

    private void removeQuietly() {
        try {
            removeAll();
        } catch (IOException | QsfsException e) {
            return; // what could not be made says more than what could not be removed
        } finally {
            stop.forget(this);
        }
    }

    /**
     * Removes the place with all that is in it. True when nothing is left, else it says what is and how to remove it.
     */
    synchronized boolean remove(Output output) {
        if (isRemoved) {
            return true;
        }
        try {
            removeAll();
            isRemoved = true;
            stop.forget(this);
            return true;
        } catch (IOException e) {
            output.error("could not remove " + spec.directory() + " (" + Failures.reason(e) + "): rm -r it.");
        } catch (QsfsException e) {
            output.error("could not remove the keys " + spec.prefix() + "* (" + e.getMessage() + "): redis-cli -h "
                    + spec.host()
                    + " -p " + spec.port() + " -n " + spec.database() + " --scan --pattern '" + spec.prefix()
                    + "*' | xargs -r redis-cli -h " + spec.host() + " -p " + spec.port() + " -n "
                    + spec.database() + " del");
        }
        return false;
    }

    private void removeAll() throws IOException {
        switch (spec.kind()) {
            case DIR -> removeTree(spec.directory());
            case REDIS -> removeKeys();
        }
    }

    static void removeTree(Path root) throws IOException {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private void removeKeys() {
        try (Backend backend = Backends.open(spec, clock)) {
            BlockingCompletion<Identity> asked = new BlockingCompletion<>();
            backend.identify(clock.nanoTime() + ANSWER_NS, asked);
            BackendError error = asked.await();
            if (error == BackendError.ABSENT) {
                return; // never made
            }
            require(error, asked.detail());
            List<String> objects = objects(backend);
            deleteAll(backend, objects);
            deleteAll(backend, List.of(ObjectNames.IDENTITY));
        }
    }

    private List<String> objects(Backend backend) {
        List<String> objects = Collections.synchronizedList(new ArrayList<>());
        BlockingCompletion<Void> listed = new BlockingCompletion<>();
        backend.list("", clock.nanoTime() + ANSWER_NS, (object, bytes) -> objects.add(object), listed);
        require(listed.await(), listed.detail());
        return objects;
    }

    /** Empties the place: the objects of a round. */
    void deleteObjects(Backend backend) {
        deleteAll(backend, objects(backend));
    }

    private void deleteAll(Backend backend, List<String> objects) {
        int window = 64;
        for (int from = 0; from < objects.size(); from += window) {
            List<BlockingCompletion<Void>> deletions = new ArrayList<>();
            for (String object : objects.subList(from, Math.min(objects.size(), from + window))) {
                BlockingCompletion<Void> deletion = new BlockingCompletion<>();
                backend.delete(object, clock.nanoTime() + ANSWER_NS, deletion);
                deletions.add(deletion);
            }
            for (BlockingCompletion<Void> deletion : deletions) {
                BackendError error = deletion.await();
                require(error == BackendError.NOT_FOUND ? BackendError.NONE : error, deletion.detail());
            }
        }
    }

    private void require(BackendError error, String detail) {
        if (error != BackendError.NONE) {
            throw failure(target, error, detail);
        }
    }

    /** Places that an earlier run was killed in, below a directory. */
    static List<Path> leftOver(BackendSpec target) {
        List<Path> found = new ArrayList<>();
        if (target.kind() == BackendSpec.Kind.DIR && Files.isDirectory(target.directory())) {
            try (DirectoryStream<Path> places = Files.newDirectoryStream(target.directory(), DIRECTORY_PREFIX + "*")) {
                for (Path place : places) {
                    if (found.size() < LEFT_OVER_MAX) {
                        found.add(place);
                    }
                }
            } catch (IOException e) {
                return found; // making the place will say why
            }
        }
        return found;
    }

    /** The place, without a secret. */
    @Override
    public String toString() {
        return spec.kind() == BackendSpec.Kind.DIR
                ? spec.directory().toString()
                : "keys " + spec.prefix() + "* on " + target;
    }
}
