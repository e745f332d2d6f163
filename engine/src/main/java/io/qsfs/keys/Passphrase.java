package io.qsfs.keys;

import io.qsfs.bindings.crypto.Cleanse;
import io.qsfs.config.QsfsException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;

/**
 * A passphrase: its characters in Unicode normal form C, as UTF-8.
 *
 * <p>Threading: one thread.
 */
public final class Passphrase implements KeySecret {
    /** Longest passphrase in bytes of UTF-8. */
    public static final int BYTES_MAX = 4096;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;

    private Passphrase(byte[] utf8, int length) {
        bytes = arena.allocate(length);
        MemorySegment.copy(utf8, 0, bytes, ValueLayout.JAVA_BYTE, 0, length);
    }

    /**
     * A passphrase of these characters, which stay the caller's to wipe.
     *
     * @throws QsfsException when it is empty or far too long.
     */
    public static Passphrase of(char[] characters) {
        CharBuffer text = CharBuffer.wrap(characters);
        if (!Normalizer.isNormalized(text, Normalizer.Form.NFC)) {
            // Leaves a copy on the heap; happens only to input that is typed with combining characters.
            text = CharBuffer.wrap(Normalizer.normalize(text, Normalizer.Form.NFC));
        }
        ByteBuffer utf8 = StandardCharsets.UTF_8.encode(text);
        try {
            if (utf8.limit() == 0) {
                throw new QsfsException("the passphrase is empty: give one, or use a key file");
            }
            if (utf8.limit() > BYTES_MAX) {
                throw new QsfsException("the passphrase has " + utf8.limit() + " bytes: " + BYTES_MAX
                        + " are the most, use a key file for a random secret");
            }
            return new Passphrase(utf8.array(), utf8.limit());
        } finally {
            Arrays.fill(utf8.array(), (byte) 0);
        }
    }

    /** A copy of the bytes for Argon2id, the caller's to wipe. */
    byte[] copyOut() {
        return KeyDerivation.copyOut(bytes);
    }

    @Override
    public void close() {
        Cleanse.wipe(bytes);
        arena.close();
    }

    @Override
    public String toString() {
        return "Passphrase[hidden]";
    }
}
