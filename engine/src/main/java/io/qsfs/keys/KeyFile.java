package io.qsfs.keys;

import io.qsfs.bindings.crypto.Cleanse;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;

/**
 * A key file: 32 random bytes that open a volume. As text, for a file, an environment variable or a sheet of paper:
 * {@code qsfs-key-1:} and 43 characters of base64url without padding, then an optional line end. The file has mode 0600 and is
 * refused when people outside its owner and group may read it or anybody but the owner may write it.
 *
 * <p>Threading: one thread.
 */
public final class KeyFile implements KeySecret {
    /** What the text begins with. */
    public static final String PREFIX = "qsfs-key-1:";

    private static final int SECRET_BYTES = 32;
    private static final int TEXT_BYTES_MAX = 256;
    private static final int ENCODED_LENGTH = 43;
    private static final Set<PosixFilePermission> FORBIDDEN = Set.of(
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_EXECUTE);

    private final Arena arena = Arena.ofShared();
    private final MemorySegment secret = arena.allocate(SECRET_BYTES);

    private KeyFile(byte[] bytes) {
        MemorySegment.copy(bytes, 0, secret, ValueLayout.JAVA_BYTE, 0, SECRET_BYTES);
        Arrays.fill(bytes, (byte) 0);
    }

    /**
     * Draws a secret and writes it to a new file, durably: file and directory are synced, because a volume whose only key a power
     * cut took is lost.
     *
     * @throws QsfsException when the file exists or cannot be written.
     */
    public static KeyFile create(Path file, SecureRandom random) {
        byte[] drawn = new byte[SECRET_BYTES];
        random.nextBytes(drawn);
        byte[] text = encode(drawn);
        Path directory = file.toAbsolutePath().getParent();
        try {
            Set<StandardOpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            try (FileChannel channel = FileChannel.open(
                    file,
                    options,
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                ByteBuffer left = ByteBuffer.wrap(text);
                while (left.hasRemaining()) {
                    channel.write(left);
                }
                channel.force(true);
            }
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
            return new KeyFile(drawn);
        } catch (FileAlreadyExistsException e) {
            throw new QsfsException(
                    "the key file " + file + " exists already: name another file, a key is never replaced", e);
        } catch (IOException e) {
            throw new QsfsException(
                    "the key file " + file + " cannot be written (" + e + "): name a place that can", e);
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    /**
     * Reads a key file.
     *
     * @throws QsfsException when it is missing, open to others, or not a key file.
     */
    public static KeyFile read(Path file) {
        byte[] text = null;
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (permissions.stream().anyMatch(FORBIDDEN::contains)) {
                throw new QsfsException("the key file " + file + " is open to others ("
                        + PosixFilePermissions.toString(permissions) + "): chmod 600 " + file);
            }
            try (InputStream in = Files.newInputStream(file)) {
                text = in.readNBytes(TEXT_BYTES_MAX + 1);
            }
            byte[] decoded = decode(text);
            if (decoded == null) {
                throw new QsfsException("the file " + file + " is not a key file: it should hold " + PREFIX
                        + " and 43 characters, and nothing else");
            }
            return new KeyFile(decoded);
        } catch (NoSuchFileException e) {
            throw new QsfsException("the key file " + file + " does not exist: name the file that qsfs init wrote", e);
        } catch (IOException e) {
            throw new QsfsException(
                    "the key file " + file + " cannot be read (" + e + "): check its path and owner", e);
        } finally {
            if (text != null) {
                Arrays.fill(text, (byte) 0);
            }
        }
    }

    /**
     * The same text from elsewhere, such as an environment variable.
     *
     * @param where named in the error.
     * @throws QsfsException when it is not the text of a key file.
     */
    public static KeyFile parse(String text, String where) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] decoded = decode(bytes);
        Arrays.fill(bytes, (byte) 0);
        if (decoded == null) {
            throw new QsfsException(
                    where + " does not hold a key: it should be " + PREFIX + " and 43 characters, and nothing else");
        }
        return new KeyFile(decoded);
    }

    /** The 32 bytes: borrowed, only read. */
    MemorySegment secret() {
        return secret;
    }

    private static byte[] encode(byte[] secret) {
        byte[] prefix = PREFIX.getBytes(StandardCharsets.US_ASCII);
        byte[] encoded = Base64.getUrlEncoder().withoutPadding().encode(secret);
        byte[] text = Arrays.copyOf(prefix, prefix.length + ENCODED_LENGTH + 1);
        System.arraycopy(encoded, 0, text, prefix.length, ENCODED_LENGTH);
        Arrays.fill(encoded, (byte) 0);
        text[text.length - 1] = '\n';
        return text;
    }

    /** The secret in the text, or null. The last character has 2 bits to spare, which must be zero: one text, one secret. */
    private static byte[] decode(byte[] text) {
        byte[] prefix = PREFIX.getBytes(StandardCharsets.US_ASCII);
        int end = text.length;
        if (end > TEXT_BYTES_MAX) {
            return null;
        }
        if (end > 0 && text[end - 1] == '\n') {
            end--;
        }
        if (end > 0 && text[end - 1] == '\r') {
            end--;
        }
        if (end != prefix.length + ENCODED_LENGTH || !Arrays.equals(text, 0, prefix.length, prefix, 0, prefix.length)) {
            return null;
        }
        byte[] encoded = Arrays.copyOfRange(text, prefix.length, end);
        try {
            byte[] secret = Base64.getUrlDecoder().decode(encoded);
            byte[] again = Base64.getUrlEncoder().withoutPadding().encode(secret);
            boolean exact = Arrays.equals(again, encoded);
            Arrays.fill(again, (byte) 0);
            if (exact) {
                return secret;
            }
            Arrays.fill(secret, (byte) 0);
            return null;
        } catch (IllegalArgumentException e) {
            return null; // not base64url
        } finally {
            Arrays.fill(encoded, (byte) 0);
        }
    }

    @Override
    public void close() {
        Cleanse.wipe(secret);
        arena.close();
    }

    @Override
    public String toString() {
        return "KeyFile[hidden]";
    }
}
