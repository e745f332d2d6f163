package io.qsfs.backend;

import static io.qsfs.memory.LittleEndian.INT_UNALIGNED;
import static io.qsfs.memory.LittleEndian.LONG_UNALIGNED;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What makes a location a backend of a volume: the object {@code identity}, 96 bytes, little endian.
 *
 * <pre>
 *  0  "QSFSIDNT"
 *  8  u32 version = 1
 * 12  u32 bytes = 96
 * 16  volume id
 * 32  backend id
 * 48  s64 created, ns since 1970 UTC
 * 56  zeros
 * 92  u32 CRC32C of bytes 0 to 91
 * </pre>
 *
 * @param volume    the volume it belongs to.
 * @param backend   its own id, drawn when it was made one.
 * @param createdNs when that was, in nanoseconds since 1970 UTC.
 */
public record Identity(Id128 volume, Id128 backend, long createdNs) {
    /** Length of the object. */
    public static final int BYTES = 96;

    /** The version this program writes and reads. */
    public static final int VERSION = 1;

    private static final long MAGIC = 0x544e444953465351L; // "QSFSIDNT", read as a little-endian number
    private static final int AT_VERSION = 8;
    private static final int AT_BYTES = 12;
    private static final int AT_VOLUME = 16;
    private static final int AT_BACKEND = 32;
    private static final int AT_CREATED = 48;
    private static final int AT_CRC = 92;

    /** The object's bytes. */
    public byte[] encode() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(BYTES);
            bytes.set(LONG_UNALIGNED, 0, MAGIC);
            bytes.set(INT_UNALIGNED, AT_VERSION, VERSION);
            bytes.set(INT_UNALIGNED, AT_BYTES, BYTES);
            volume.write(bytes, AT_VOLUME);
            backend.write(bytes, AT_BACKEND);
            bytes.set(LONG_UNALIGNED, AT_CREATED, createdNs);
            bytes.set(INT_UNALIGNED, AT_CRC, Isal.crc32c(bytes, 0, AT_CRC, 0));
            return bytes.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Reads one. */
    static Reading decode(byte[] object) {
        if (object.length != BYTES) {
            return Reading.bad("identity object has " + object.length + " bytes, not " + BYTES);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, object);
            if (bytes.get(LONG_UNALIGNED, 0) != MAGIC) {
                return Reading.bad("identity object does not begin with QSFSIDNT");
            }
            int stored = bytes.get(INT_UNALIGNED, AT_CRC);
            int computed = Isal.crc32c(bytes, 0, AT_CRC, 0);
            if (stored != computed) {
                return Reading.bad(
                        "identity object crc mismatch: stored=0x%08x computed=0x%08x".formatted(stored, computed));
            }
            int version = bytes.get(INT_UNALIGNED, AT_VERSION);
            if (version != VERSION || bytes.get(INT_UNALIGNED, AT_BYTES) != BYTES) {
                return Reading.bad("identity object has version " + version + ", this program reads " + VERSION);
            }
            Id128 volume = Id128.read(bytes, AT_VOLUME);
            Id128 backend = Id128.read(bytes, AT_BACKEND);
            if (volume.isNil() || backend.isNil()) {
                return Reading.bad("identity object names no volume or no backend");
            }
            return new Reading(new Identity(volume, backend, bytes.get(LONG_UNALIGNED, AT_CREATED)), "");
        }
    }

    /** An identity, or why there is none. */
    record Reading(Identity identity, String problem) {
        static Reading bad(String problem) {
            return new Reading(null, problem);
        }
    }
}
