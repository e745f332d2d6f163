package io.qsfs.keys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A superblock from a backend and the text of a key file can be anything: the answer is a {@link QsfsException}. With JAZZER_FUZZ=1
 * and one method named these fuzz; otherwise they run their corpus, and beside it changed copies of the golden vector (-Dqsfs.seed).
 */
class KeysFuzzTest {
    private static final long SEED = Long.getLong("qsfs.seed", 4_004);
    private static final int ROUNDS = 20_000;

    @FuzzTest(maxDuration = "1m")
    void fuzzSuperblock(byte[] bytes) {
        superblock(bytes);
        if (bytes.length > 4) {
            SuperblockTest.fixChecksum(bytes);
            superblock(bytes);
        }
    }

    @FuzzTest(maxDuration = "1m")
    void fuzzKeyFile(byte[] bytes) {
        keyFile(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    @Test
    void shouldWithstandChangedSuperblocks() throws IOException {
        byte[] golden;
        try (InputStream in = KeysFuzzTest.class.getResourceAsStream("/golden/superblock.bin")) {
            golden = in.readAllBytes();
        }
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = random.nextInt(8) == 0 ? Arrays.copyOf(golden, random.nextInt(700)) : golden.clone();
            for (int i = random.nextInt(3); i >= 0 && bytes.length > 0; i--) {
                int at = random.nextInt(bytes.length);
                switch (random.nextInt(3)) {
                    case 0 -> bytes[at] = (byte) random.nextInt();
                    case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                    default ->
                        Arrays.fill(bytes, at & -4, Math.min(bytes.length, (at & -4) + 4), (byte)
                                (random.nextBoolean() ? 0xFF : 0));
                }
            }
            if (bytes.length >= 4) {
                SuperblockTest.fixChecksum(bytes);
            }
            superblock(bytes);
        }
    }

    @Test
    void shouldWithstandChangedKeyFiles() {
        String good = KeyFile.PREFIX + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            StringBuilder changed = new StringBuilder(good);
            changed.setCharAt(random.nextInt(good.length()), (char) random.nextInt(256));
            keyFile(random.nextBoolean() ? changed.toString() : changed.substring(random.nextInt(good.length())));
        }
    }

    private static void superblock(byte[] bytes) {
        try {
            SuperblockObject object = SuperblockObject.parse(bytes);
            assertArrayEquals(bytes, object.bytes());
            assertNotNull(object.contents());
        } catch (QsfsException e) {
            assertTrue(e.getMessage().contains("superblock"), e.getMessage());
        }
    }

    private static void keyFile(String text) {
        try {
            KeyFile.parse(text, "QSFS_KEY").close();
        } catch (QsfsException e) {
            assertTrue(e.getMessage().startsWith("QSFS_KEY does not hold a key"), e.getMessage());
        }
    }
}
