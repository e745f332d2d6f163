package io.qsfs.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** The key file: what it looks like, who may read it, and that nothing else passes for one. */
class KeyFileTest {
    private static final String GOOD = KeyFile.PREFIX + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    @TempDir
    Path directory;

    @Test
    void shouldReadBackWhatItWrote() throws IOException {
        Path file = directory.resolve("key");
        try (KeyFile written = KeyFile.create(file, new SecureRandom());
                KeyFile read = KeyFile.read(file)) {
            assertEquals(-1, written.secret().mismatch(read.secret()));
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            assertTrue(Files.readString(file).matches("qsfs-key-1:[A-Za-z0-9_-]{43}\n"));
            assertFalse(read.toString().contains("AAEC"));
        }
    }

    @Test
    void shouldTakeTheSameTextFromElsewhere() {
        try (KeyFile key = KeyFile.parse(GOOD, "QSFS_KEY");
                KeyFile withLineEnd = KeyFile.parse(GOOD + "\r\n", "QSFS_KEY")) {
            for (int i = 0; i < 32; i++) {
                assertEquals(i, key.secret().get(ValueLayout.JAVA_BYTE, i));
            }
            assertEquals(-1, key.secret().mismatch(withLineEnd.secret()));
        }
    }

    @Test
    void shouldRefuseEverythingElse() {
        List<String> bad = List.of(
                "",
                "\n",
                KeyFile.PREFIX,
                GOOD.substring(0, GOOD.length() - 1),
                GOOD + "A",
                GOOD + "=",
                GOOD + "\n\n",
                " " + GOOD,
                GOOD.replace("qsfs-key-1", "qsfs-key-2"),
                GOOD.substring(0, GOOD.length() - 1) + "9", // bits to spare are set
                GOOD.replace('A', '+'),
                GOOD.replace('A', '\u00e4'),
                "x".repeat(1000));
        for (String text : bad) {
            String message = assertThrows(QsfsException.class, () -> KeyFile.parse(text, "QSFS_KEY"), text)
                    .getMessage();
            assertTrue(message.contains("QSFS_KEY"), message);
            assertFalse(message.contains("AAEC"), message);
        }
    }

    @Test
    void shouldRefuseFilesThatOthersCanRead() throws IOException {
        Path file = directory.resolve("key");
        KeyFile.create(file, new SecureRandom()).close();
        for (String open : List.of("rw-r--r--", "rw----r--", "rw--w----", "rw-----w-")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(open));
            String message =
                    assertThrows(QsfsException.class, () -> KeyFile.read(file)).getMessage();
            assertTrue(message.contains("chmod 600 " + file), message);
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r-----"));
        KeyFile.read(file).close();
    }

    @Test
    void shouldNameTheFileThatIsMissingOrThereOrNone() throws IOException {
        Path file = directory.resolve("key");
        assertMessage(() -> KeyFile.read(file), "does not exist");
        Files.writeString(file, "hello");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertMessage(() -> KeyFile.read(file), "is not a key file");
        assertMessage(() -> KeyFile.create(file, new SecureRandom()), "exists already");
        assertMessage(() -> KeyFile.create(directory.resolve("none/key"), new SecureRandom()), "cannot be written");
        Path folder = Files.createDirectory(directory.resolve("folder"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        assertMessage(() -> KeyFile.read(folder), "cannot be read");
    }

    private void assertMessage(Executable body, String expected) {
        String message = assertThrows(QsfsException.class, body).getMessage();
        assertTrue(message.contains(expected) && message.contains(directory.toString()), message);
    }
}
