package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.memory.Id128;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Goal: the index is used only when it is what it was. Method: an index with one record is left in one way or the
 * other, one thing changes, and it is opened again; whether the record is still there shows what was decided.
 */
class IndexTrustTest {
    private final Path state = IndexFixture.temporaryDirectory();
    private final Path directory = state.resolve("index");
    private final Path logDirectory = state.resolve("log");
    private final FakeMachine machine = new FakeMachine();
    private RecordCheck.Answer answer = RecordCheck.Answer.SAME;

    @BeforeEach
    void makeLog() throws IOException {
        Files.createDirectory(logDirectory);
    }

    @AfterEach
    void delete() {
        IndexFixture.delete(state);
    }

    /** What happens between leaving the index and opening it again, and what comes of it. */
    enum Case {
        CLEAN(true, true, t -> {}),
        CLEAN_AND_REBOOT(true, true, t -> t.machine.bootId = "another"),
        CLEAN_AND_COPIED(true, true, t -> t.machine.moved.put(t.directory.resolve("index.mdb"), 7L)),
        CLEAN_AND_RECORD_EVICTED(true, true, t -> t.answer = RecordCheck.Answer.ABSENT),
        CLEAN_AND_OTHER_RECORD(true, false, t -> t.answer = RecordCheck.Answer.DIFFERENT),
        CLEAN_AND_MARKER_DAMAGED(true, false, t -> t.damage("clean")),
        CLEAN_AND_INDEX_GONE(true, false, t -> t.remove("index.mdb")),
        KILLED(false, true, t -> {}),
        KILLED_AND_REBOOT(false, false, t -> t.machine.bootId = "another"),
        KILLED_AND_INDEX_COPIED(false, false, t -> t.machine.moved.put(t.directory.resolve("index.mdb"), 7L)),
        KILLED_AND_LOG_COPIED(false, false, t -> t.machine.moved.put(t.logDirectory, 7L)),
        KILLED_AND_LOG_GONE(false, false, t -> t.machine.gone = t.logDirectory),
        KILLED_AND_OTHER_MOUNT(false, false, t -> t.machine.mountId = 99),
        KILLED_AND_OTHER_RECORD(false, false, t -> t.answer = RecordCheck.Answer.DIFFERENT),
        KILLED_AND_RECORD_ABSENT(false, false, t -> t.answer = RecordCheck.Answer.ABSENT),
        KILLED_AND_MARKER_DAMAGED(false, false, t -> t.damage("live")),
        KILLED_AND_MARKER_GONE(false, false, t -> t.remove("live"));

        final boolean clean;
        final boolean trusted;
        final Consumer<IndexTrustTest> change;

        Case(boolean clean, boolean trusted, Consumer<IndexTrustTest> change) {
            this.clean = clean;
            this.trusted = trusted;
            this.change = change;
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldDecideAsTheTableSays(Case c) {
        leave(c.clean);
        c.change.accept(this);
        try (Index index = Index.open(context())) {
            assertEquals(c.trusted ? Index.Origin.TRUSTED : Index.Origin.EMPTY, index.origin(), index.reason());
            assertEquals(c.trusted ? 1 : 0, index.writer().appliedSequence());
            assertFalse(index.reason().isEmpty());
        }
    }

    @Test
    void shouldNotTrustWhenTheKernelHasNoUniqueMountIds() {
        machine.mountId = Machine.FileIdentity.NO_MOUNT;
        leave(false);
        try (Index index = Index.open(context())) {
            assertEquals(Index.Origin.EMPTY, index.origin());
        }
    }

    @Test
    void shouldTakeTheCleanMarkerBackBeforeTheFirstCommit() {
        leave(true);
        Path marker = directory.resolve("clean");
        try (Index index = Index.open(context())) {
            assertTrue(Files.exists(marker));
            RecordLog log = new RecordLog();
            log.sequence = 1;
            log.position = index.writer().appliedEnd();
            assertEquals(0, log.apply(index.writer(), log.sync()));
            assertTrue(Files.exists(marker));
            assertEquals(0, index.writer().commit());
            assertFalse(Files.exists(marker));
        }
    }

    @Test
    void shouldNotUseAnIndexOfAnotherVolumeOrOtherSegments() {
        leave(true);
        IndexContext other = IndexContext.of(directory, new Id128(5, 5), IndexFixture.SEGMENT_BYTES)
                .withMachine(machine);
        try (Index index = Index.open(other)) {
            assertEquals(Index.Origin.EMPTY, index.origin());
        }
        IndexFixture.delete(directory);
        leave(true);
        IndexContext large = IndexContext.of(directory, IndexFixture.VOLUME, 4096)
                .withRecordCheck((position, sequence, length, crc) -> RecordCheck.Answer.SAME)
                .withMachine(machine);
        try (Index index = Index.open(large)) {
            assertEquals(Index.Origin.EMPTY, index.origin());
        }
    }

    @Test
    void shouldNotTrustAnIndexPutInPlaceOfTheOneThatWasMarked() throws IOException {
        leave(true);
        Path old = state.resolve("old.mdb");
        Files.copy(directory.resolve("index.mdb"), old);
        try (Index index = Index.open(context())) {
            RecordLog log = new RecordLog();
            log.sequence = 1;
            log.position = index.writer().appliedEnd();
            assertEquals(0, log.apply(index.writer(), log.sync()));
            assertEquals(0, index.writer().commit());
            assertEquals(0, index.markClean());
        }
        Files.copy(old, directory.resolve("index.mdb"), StandardCopyOption.REPLACE_EXISTING);
        try (Index index = Index.open(context())) {
            assertEquals(Index.Origin.EMPTY, index.origin());
        }
    }

    @Test
    void shouldKnowThisMachine() {
        assertEquals(36, Machine.THIS.bootId().length());
        Machine.FileIdentity identity = Machine.THIS.identify(state);
        assertTrue(identity.inode() != 0);
        assertEquals(identity, Machine.THIS.identify(state));
        assertEquals(null, Machine.THIS.identify(state.resolve("none")));
    }

    private IndexContext context() {
        return IndexFixture.context(directory)
                .withMachine(machine)
                .withRecordCheck((position, sequence, length, crc) -> answer);
    }

    private void leave(boolean clean) {
        try (Index index = Index.open(context())) {
            RecordLog log = new RecordLog();
            assertEquals(0, index.recordIdentity(List.of(logDirectory)));
            assertEquals(0, log.apply(index.writer(), log.make(1, 2, 0100644, "a", "")));
            assertEquals(0, index.writer().commit());
            if (clean) {
                assertEquals(0, index.markClean());
            }
        }
    }

    private void damage(String file) {
        try {
            byte[] bytes = Files.readAllBytes(directory.resolve(file));
            bytes[bytes.length / 2] ^= 1;
            Files.write(directory.resolve(file), bytes);
            if (file.equals("clean")) {
                Files.delete(directory.resolve("live"));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void remove(String file) {
        try {
            Files.delete(directory.resolve(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static final class FakeMachine implements Machine {
        String bootId = "f3a0";
        long mountId = 42;
        final Map<Path, Long> moved = new HashMap<>();
        Path gone;

        @Override
        public String bootId() {
            return bootId;
        }

        @Override
        public FileIdentity identify(Path file) {
            FileIdentity real = Machine.THIS.identify(file);
            if (real == null || file.equals(gone)) {
                return null;
            }
            return new FileIdentity(real.device(), moved.getOrDefault(file, real.inode()), mountId);
        }
    }
}
