package io.qsfs.config;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chooses and reads secrets. */
class KeySourcesTest {
    @TempDir
    Path folder;

    private VolumeConfig config(String key) throws IOException {
        Path file = folder.resolve("v.toml");
        Files.writeString(
                file,
                key + "minimal_shards = 1\nexpected_shards = 1\n[[groups]]\n[[groups.backends]]\npath = \"/b\"\n");
        return VolumeConfig.load(file, Paths.of(Map.of(), folder, "u"));
    }

    @Test
    void shouldPreferTheEnvironment() throws IOException {
        VolumeConfig config = config("key_file = \"k\"\n");
        assertEquals(
                "key file " + folder.resolve("k"),
                KeySources.resolve(config, Map.of(), null).origin());
        assertEquals(
                "key file /e/k",
                KeySources.resolve(config, Map.of("QSFS_KEY_FILE", "/e/k"), null)
                        .origin());
        KeySource.Passphrase passphrase =
                (KeySource.Passphrase) KeySources.resolve(config, Map.of("QSFS_PASSPHRASE", "sesam öffne"), null);
        assertArrayEquals("sesam öffne".toCharArray(), passphrase.read(false));
    }

    @Test
    void shouldRefuseTwoVariables() throws IOException {
        VolumeConfig config = config("");
        QsfsException failure = assertThrows(
                QsfsException.class,
                () -> KeySources.resolve(config, Map.of("QSFS_KEY_FILE", "/k", "QSFS_PASSPHRASE", "p"), null));
        assertEquals(
                "more than one of QSFS_KEY_FILE, QSFS_PASSPHRASE and QSFS_PASSPHRASE_FILE is set: unset all but one.",
                failure.getMessage());
    }

    @Test
    void shouldSayWhereASecretCanComeFrom() throws IOException {
        VolumeConfig config = config("");
        QsfsException failure =
                assertThrows(QsfsException.class, () -> KeySources.resolve(config, Map.of("QSFS_KEY_FILE", ""), null));
        assertEquals(
                "no key for volume \"v\": set key_file or passphrase_file in " + folder.resolve("v.toml")
                        + ", or one of QSFS_KEY_FILE, QSFS_PASSPHRASE_FILE, QSFS_PASSPHRASE, or run qsfs on a terminal.",
                failure.getMessage());
    }

    @Test
    void shouldReadTheFirstLineOfAFile() throws IOException {
        Files.writeString(folder.resolve("p"), "first line\r\nsecond\n");
        KeySource.Passphrase source =
                (KeySource.Passphrase) KeySources.resolve(config("passphrase_file = \"p\"\n"), Map.of(), null);
        assertArrayEquals("first line".toCharArray(), source.read(false));
    }

    @Test
    void shouldRefuseWhatIsNoPassphrase() {
        assertEquals("standard input holds no passphrase: put one on its first line.", refusal(new byte[0]));
        assertEquals(
                "standard input holds no passphrase: put one on its first line.",
                refusal("\nx".getBytes(StandardCharsets.UTF_8)));
        assertEquals(
                "standard input is not UTF-8 text: use a key file for a random secret.",
                refusal(new byte[] {(byte) 0xff, (byte) 0xfe, 'a'}));
        assertEquals(
                "the first line of standard input is longer than 4096 bytes: use a key file for a random secret.",
                refusal("x".repeat(5000).getBytes(StandardCharsets.UTF_8)));
    }

    private static String refusal(byte[] input) {
        KeySource.Passphrase source = (KeySource.Passphrase) KeySources.fromStream(new ByteArrayInputStream(input));
        return assertThrows(QsfsException.class, () -> source.read(false)).getMessage();
    }

    @Test
    void shouldSayThatAFileIsNotThere() throws IOException {
        KeySource.Passphrase source =
                (KeySource.Passphrase) KeySources.resolve(config("passphrase_file = \"none\"\n"), Map.of(), null);
        assertEquals(
                "passphrase file " + folder.resolve("none")
                        + " cannot be read (it does not exist): check its path and owner.",
                assertThrows(QsfsException.class, () -> source.read(false)).getMessage());
    }
}
