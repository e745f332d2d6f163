package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: history is never shortened because somebody is silent, and the right to write never goes to, or stays with, the wrong one.
 * Method: as {@link MountIT}; a backend that is silent is a directory that was moved away.
 */
class RecoverIT {
    private static final String STRANGER = "000000000000000a000000000000000b";

    @TempDir
    Path root;

    private MountRig rig;

    @BeforeEach
    void begin() {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        rig = new MountRig(root);
    }

    @AfterEach
    void end() {
        if (rig != null) {
            rig.close();
        }
    }

    private Path on(String name) {
        return rig.mountPoint().resolve(name);
    }

    private static String refusal(Runnable action) {
        return assertThrows(QsfsException.class, action::run).getMessage();
    }

    private void mountAndWrite(String name) throws IOException {
        rig.mount();
        Files.writeString(on(name), name);
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());
    }

    private void hide(int backend) throws IOException {
        Files.move(rig.backend(backend), root.resolve("hidden-" + backend));
    }

    private void show(int backend) throws IOException {
        Files.move(root.resolve("hidden-" + backend), rig.backend(backend));
    }

    private Set<String> titles(int backend) throws IOException {
        Path epochs = rig.backend(backend).resolve("epoch");
        try (Stream<Path> files = Files.walk(epochs)) {
            Set<String> names = new TreeSet<>();
            files.filter(Files::isRegularFile)
                    .forEach(file -> names.add(epochs.relativize(file).toString()));
            return names;
        }
    }

    private void putTitle(int backend, long epoch) throws IOException {
        Path directory =
                Files.createDirectories(rig.backend(backend).resolve("epoch").resolve("%016x".formatted(epoch)));
        Files.write(directory.resolve(STRANGER), new byte[72]);
    }

    /** The newest metadata is on five backends; two of those are silent, so three shards are seen and four needed. */
    @Test
    void shouldRefuseToRecoverWhileSilentBackendsCanHoldNewerMetadata() throws IOException {
        rig.init();
        mountAndWrite("first");
        mountAndWrite("second");
        Files.delete(rig.shards(1, "m").getLast());
        MountRig.delete(rig.state());
        hide(2);
        hide(3);
        Set<String> before = titles(4);

        String message = refusal(rig::recover);
        assertTrue(message.contains("b2 (absent), b3 (absent)"), message);
        assertTrue(message.contains("--accept-loss") && message.contains("as it was at 20"), message);
        for (int backend = 4; backend <= 6; backend++) {
            assertEquals(before, titles(backend), "it looks before it claims");
        }

        show(2);
        assertEquals(2, rig.recover().epoch(), "with one silent backend everything is seen");
        rig.mount();
        assertEquals("second", Files.readString(on("second")));
        rig.unmount();
    }

    @Test
    void shouldGoOnFromWhatAnswersWhenLossIsAccepted() throws IOException {
        rig.init();
        mountAndWrite("first");
        mountAndWrite("second");
        Files.delete(rig.shards(1, "m").getLast());
        MountRig.delete(rig.state());
        hide(2);
        hide(3);
        RecoverReport report = rig.recoverAcceptingLoss();
        assertTrue(report.momentMs() > 0);
        assertTrue(
                report.missing().getFirst().contains("b2 (absent), b3 (absent)"),
                report.missing().toString());
        rig.mount();
        assertEquals("first", Files.readString(on("first")));
        assertFalse(Files.exists(on("second")));
        rig.unmount();
    }

    @Test
    void shouldRecoverOntoNoBackendOfAnotherVolume() throws IOException {
        rig.init();
        mountAndWrite("file");
        MountRig.delete(rig.state());
        try (MountRig other = new MountRig(Files.createDirectory(root.resolve("other")))) {
            other.init();
            hide(3);
            MountRig.copy(other.backend(3), rig.backend(3));
        }
        Set<String> before = titles(3);
        Set<String> ours = titles(4);
        String message = refusal(rig::recover);
        assertTrue(message.contains("b3") && message.contains("another volume"), message);
        assertEquals(before, titles(3), "nothing is written to it");
        assertEquals(ours, titles(4));
    }

    @Test
    void shouldMountThoughALostClaimLeftItsTitle() throws IOException {
        rig.init();
        mountAndWrite("first");
        for (int backend = 1; backend <= 3; backend++) {
            putTitle(backend, 9);
        }
        mountAndWrite("second");
        MountRig.delete(rig.state());
        assertEquals(10, rig.recover().epoch(), "a new claim goes above the lost one");
    }

    @Test
    void shouldTakeOverFromATitleWhoseOwnerNeverWrote() throws IOException {
        rig.init();
        mountAndWrite("first");
        for (int backend = 1; backend <= 4; backend++) {
            putTitle(backend, 5);
        }
        String message = refusal(rig::mount);
        assertTrue(message.contains("taken over") && message.contains("--take-over"), message);
        hide(6);
        rig.takeOver();
        Files.writeString(on("second"), "second");
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());
        show(6);
        mountAndWrite("third");
        MountRig.delete(rig.state());
        RecoverReport report = rig.recover();
        assertEquals(7, report.epoch());
        assertEquals(List.of(), report.missing());
        rig.mount();
        for (String name : List.of("first", "second", "third")) {
            assertEquals(name, Files.readString(on(name)));
        }
        rig.unmount();
    }

    @Test
    void shouldNotTakeOverFromAMachineThatHasWritten() throws IOException {
        rig.init();
        mountAndWrite("first");
        Path old = root.resolve("old-state");
        Files.move(rig.state(), old);
        rig.recover();
        mountAndWrite("second");
        MountRig.delete(rig.state());
        Files.move(old, rig.state());
        Set<String> before = titles(1);
        String message = refusal(rig::takeOver);
        assertTrue(message.contains("old copy") && message.contains("qsfs recover"), message);
        assertEquals(before, titles(1));
    }

    /** Sizes are the volume's; k and n are what placing goes by. */
    @Test
    void shouldGoByTheVolumesShapeAndNotByTheConfigurations() throws IOException {
        rig.init();
        mountAndWrite("first");
        mountAndWrite("second");
        MountRig.delete(rig.state());
        LocalLauncher launcher = new LocalLauncher();
        String message = refusal(() -> launcher.recover(
                rig.configWith("expected_shards = 6", "expected_shards = 5"), rig.key(), false, rig.lines()));
        assertTrue(message.contains("was made with 4 and 6: correct the file"), message);
        RecoverReport report = launcher.recover(
                rig.configWith("segment_bytes = \"8MiB\"", "segment_bytes = \"16MiB\""), rig.key(), false, rig.lines());
        assertEquals(List.of(), report.missing());
        assertEquals(
                List.of("segment_bytes = 16.0 MiB has no effect: the volume was made with 8.0 MiB"),
                rig.lines().warned);
        rig.mount();
        assertEquals("second", Files.readString(on("second")));
        rig.unmount();
    }
}
