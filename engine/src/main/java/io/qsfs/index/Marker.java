package io.qsfs.index;

import io.qsfs.memory.Id128;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The two small text files beside the index that say whether it may be trusted. Each ends with a line that has the
 * CRC32C of all lines before it; what does not read back exactly is as good as absent.
 *
 * <pre>
 * qsfs-clean 1                          qsfs-live 1
 * volume (32 hex digits)                boot (boot id)
 * applied (position) (sequence)         file (device) (inode) (mount id) (path)
 *         (length) (crc, 8 hex digits)  file ...
 * end (8 hex digits)                    end (8 hex digits)
 * </pre>
 *
 * <p>Threading: stateless.
 */
final class Marker {
    private static final String CLEAN_FIRST = "qsfs-clean 1\n";
    private static final String LIVE_FIRST = "qsfs-live 1\n";
    private static final String END = "end ";

    private Marker() {}

    /**
     * The index was synced in this state and not changed since.
     *
     * @param volumeId the volume.
     * @param position of the last applied record.
     * @param sequence its sequence.
     * @param length   its length in bytes.
     * @param crc      its checksum.
     */
    record Clean(Id128 volumeId, long position, long sequence, int length, int crc) {
        static Clean of(Id128 volumeId, IndexState state) {
            return new Clean(volumeId, state.position, state.sequence, state.length, state.crc);
        }

        byte[] encode() {
            return withEnd(CLEAN_FIRST + "volume " + volumeId + "\napplied " + position + " " + sequence + " " + length
                    + " " + HexFormat.of().toHexDigits(crc) + "\n");
        }

        /** The marker, or null when these bytes are none. */
        static Clean decode(byte[] bytes) {
            String[] lines = linesWithoutEnd(bytes, CLEAN_FIRST);
            if (lines == null || lines.length != 3) {
                return null;
            }
            try {
                String[] applied = lines[2].split(" ");
                return new Clean(
                        Id128.parse(lines[1].substring("volume ".length())),
                        Long.parseLong(applied[1]),
                        Long.parseLong(applied[2]),
                        Integer.parseInt(applied[3]),
                        HexFormat.fromHexDigits(applied[4]));
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                return null;
            }
        }
    }

    /**
     * The index and the log are these files, in this run of the machine.
     *
     * @param bootId the run.
     * @param files  the files.
     */
    record Live(String bootId, List<LiveFile> files) {
        byte[] encode() {
            StringBuilder text =
                    new StringBuilder(LIVE_FIRST).append("boot ").append(bootId).append('\n');
            for (LiveFile file : files) {
                Machine.FileIdentity identity = file.identity();
                text.append("file ")
                        .append(identity.device())
                        .append(' ')
                        .append(identity.inode())
                        .append(' ')
                        .append(identity.mountId())
                        .append(' ')
                        .append(file.path())
                        .append('\n');
            }
            return withEnd(text.toString());
        }

        /** The marker, or null when these bytes are none. */
        static Live decode(byte[] bytes) {
            String[] lines = linesWithoutEnd(bytes, LIVE_FIRST);
            if (lines == null || lines.length < 3 || !lines[1].startsWith("boot ")) {
                return null;
            }
            List<LiveFile> files = new ArrayList<>();
            try {
                for (int i = 2; i < lines.length; i++) {
                    String[] parts = lines[i].split(" ", 5);
                    Machine.FileIdentity identity = new Machine.FileIdentity(
                            Long.parseLong(parts[1]), Long.parseLong(parts[2]), Long.parseLong(parts[3]));
                    files.add(new LiveFile(Path.of(parts[4]), identity));
                }
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                return null;
            }
            return new Live(lines[1].substring("boot ".length()), List.copyOf(files));
        }
    }

    /**
     * A file and who it was.
     *
     * @param path     where.
     * @param identity who.
     */
    record LiveFile(Path path, Machine.FileIdentity identity) {}

    private static byte[] withEnd(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return (text + END + crc(bytes, bytes.length) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private static String[] linesWithoutEnd(byte[] bytes, String first) {
        if (bytes == null) {
            return null;
        }
        int endBytes = END.length() + Integer.BYTES * 2 + 1;
        int textBytes = bytes.length - endBytes;
        if (textBytes < first.length()) {
            return null;
        }
        String end = new String(bytes, textBytes, endBytes, StandardCharsets.UTF_8);
        String text = new String(bytes, 0, textBytes, StandardCharsets.UTF_8);
        if (!end.equals(END + crc(bytes, textBytes) + "\n") || !text.startsWith(first) || !text.endsWith("\n")) {
            return null;
        }
        return text.split("\n");
    }

    private static String crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }
}
