package io.qsfs.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * From plain bytes to shards and back through shard objects alone, as a reader does who has lost all local state: any k of them,
 * header, chunk table, chunks.
 */
class SealPropertyTest {
    private static final long FROM = 7L << 20;
    private static final SecureRandom RANDOM = new SecureRandom();

    @Property(tries = 60)
    void shouldReadBackFromAnyShards(
            @ForAll @IntRange(min = 1, max = 9) int k,
            @ForAll @IntRange(min = 0, max = 5) int m,
            @ForAll @IntRange(min = 1, max = 300_000) int length,
            @ForAll @IntRange(min = 1, max = 16) int chunkPages,
            @ForAll boolean compressible,
            @ForAll boolean lz4,
            @ForAll long seed) {
        check(new Code(k, m), length, chunkPages * 4096, compressible, lz4, seed);
    }

    @Example
    void shouldReadBackAtTheEdges() {
        check(new Code(1, 0), 1, 4096, true, true, 1);
        check(new Code(1, 3), 4096, 4096, true, true, 2);
        check(new Code(255, 0), 10_000, 4096, false, true, 3);
        check(new Code(200, 55), 100_000, 4096, true, true, 4);
        check(new Code(16, 4), 1 << 20, 256 * 1024, true, true, 5);
    }

    private static void check(Code code, int length, int chunkBytes, boolean compressible, boolean lz4, long seed) {
        byte[] plain = Fixture.plain(length, seed, compressible);
        Random random = new Random(seed);
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = VolumeKey.random(RANDOM);
                SealEncoder encoder = new SealEncoder(code, length, chunkBytes, key, RANDOM);
                ShardReader reader = new ShardReader(code, chunkBytes, key)) {
            int compression = lz4 ? Suite.COMPRESSION_LZ4 : Suite.COMPRESSION_NONE;
            assertEquals(
                    0, encoder.encode(Fixture.request(FROM, FROM + length, compression), Fixture.source(plain, FROM)));
            SealedSegment sealed = encoder.sealed();
            List<MemorySegment> objects = objects(arena, sealed);
            checkObjects(sealed, objects, key);

            MemorySegment[] some = new MemorySegment[code.n()];
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < code.n(); i++) {
                order.add(i);
            }
            Collections.shuffle(order, random);
            for (int i = 0; i < code.k(); i++) {
                some[order.get(i)] = objects.get(order.get(i));
            }
            assertArrayEquals(plain, reader.read(some));
            assertNoPlain(plain, sealed, chunkBytes);
        }
    }

    /** Headers, names and block tables of all shards agree with each other and with the bytes. */
    private static void checkObjects(SealedSegment sealed, List<MemorySegment> objects, VolumeKey key) {
        try (ShardMac mac = new ShardMac(key)) {
            mac.begin(sealed.identity(), sealed.code(), sealed.shardBytes());
            for (int index = 0; index < objects.size(); index++) {
                MemorySegment object = objects.get(index);
                assertEquals(sealed.objectBytes(), object.byteSize());
                ShardHeader header = ShardHeader.read(object, 0);
                assertEquals(sealed.header().withIndex(index), header);
                assertEquals(ShardName.parse(sealed.objectName(index)), header.name());
                MemorySegment table = object.asSlice(BlockTable.objectOffset(sealed.shardBytes()));
                for (int block = 0; block < BlockTable.blockCount(sealed.shardBytes()); block++) {
                    long at = BlockTable.blockObjectOffset(block);
                    assertTrue(BlockTable.isIntact(table, block, sealed.shardBytes(), object, at));
                    assertTrue(mac.isGenuine(table, index, block, sealed.shardBytes(), object, at));
                }
            }
        }
    }

    /** No 16 bytes of the plain text stand where their ciphertext is. */
    private static void assertNoPlain(byte[] plain, SealedSegment sealed, int chunkBytes) {
        MemorySegment first = sealed.shard(0).get(1);
        int comparable = (int) Math.min(Math.min(first.byteSize(), plain.length), chunkBytes);
        for (int at = 0; at + 16 <= comparable; at += 16) {
            MemorySegment there = first.asSlice(at, 16);
            assertNotEquals(-1, there.mismatch(MemorySegment.ofArray(plain).asSlice(at, 16)));
        }
    }

    @Example
    void shouldCompressOnlyWhereItPays() {
        byte[] plain = Arrays.copyOf(Fixture.plain(4096, 1, false), 2 * 4096);
        try (VolumeKey key = VolumeKey.random(RANDOM);
                SealEncoder encoder = new SealEncoder(new Code(2, 1), 8192, 4096, key, RANDOM)) {
            assertEquals(0, encoder.encode(Fixture.request(0, 8192, Suite.COMPRESSION_LZ4), Fixture.source(plain, 0)));
            assertEquals(4096, encoder.sealed().chunkStored(0));
            assertTrue(ChunkTable.isCompressed(encoder.sealed().chunkStored(1)));
            assertTrue(ChunkTable.storedBytes(encoder.sealed().chunkStored(1)) < 100);
        }
        assertTrue(ChunkCompressor.pays(3840, 4096));
        assertFalse(ChunkCompressor.pays(3841, 4096));
        assertFalse(ChunkCompressor.pays(1, 1));
    }

    @Example
    void shouldNeverUseAKeyTwice() {
        byte[] plain = Fixture.plain(4096, 1, false);
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = VolumeKey.random(RANDOM);
                SealEncoder encoder = new SealEncoder(new Code(1, 0), 4096, 4096, key, RANDOM)) {
            SealRequest request = Fixture.request(0, 4096, Suite.COMPRESSION_NONE);
            encoder.encode(request, Fixture.source(plain, 0));
            MemorySegment first = objects(arena, encoder.sealed()).get(0);
            encoder.encode(request, Fixture.source(plain, 0));
            MemorySegment second = objects(arena, encoder.sealed()).get(0);
            assertNotEquals(
                    ShardHeader.read(first, 0).name(),
                    ShardHeader.read(second, 0).name());
            assertNotEquals(-1, first.asSlice(4096, 16).mismatch(second.asSlice(4096, 16)), "same ciphertext twice");
        }
    }

    @Property(tries = 60)
    void shouldDetectAnyWrongByte(
            @ForAll @IntRange(min = 0) int where, @ForAll @IntRange(min = 1, max = 255) int flip) {
        byte[] plain = Fixture.plain(20_000, 1, true);
        Code code = new Code(2, 1);
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = VolumeKey.random(RANDOM);
                SealEncoder encoder = new SealEncoder(code, plain.length, 8192, key, RANDOM);
                ShardMac mac = new ShardMac(key);
                ShardReader reader = new ShardReader(code, 8192, key)) {
            encoder.encode(Fixture.request(0, plain.length, Suite.COMPRESSION_LZ4), Fixture.source(plain, 0));
            long shardBytes = encoder.sealed().shardBytes();
            MemorySegment object = objects(arena, encoder.sealed()).get(0);
            MemorySegment table = object.asSlice(BlockTable.objectOffset(shardBytes));
            long at = where % (4096 + shardBytes);
            object.set(ValueLayout.JAVA_BYTE, at, (byte) (object.get(ValueLayout.JAVA_BYTE, at) ^ flip));

            int block = at < 4096 ? 0 : BlockTable.blockAt(at - 4096);
            long blockAt = BlockTable.blockObjectOffset(block);
            assertFalse(BlockTable.isIntact(table, block, shardBytes, object, blockAt));
            mac.begin(encoder.sealed().identity(), code, shardBytes);
            // A liar fixes the checksum; the GMAC it cannot.
            int crc = Isal.crc32c(object, blockAt, BlockTable.blockLength(block, shardBytes), 0);
            table.set(LittleEndian.INT, (long) block * BlockTable.ENTRY_BYTES, crc);
            assertTrue(BlockTable.isIntact(table, block, shardBytes, object, blockAt));
            assertFalse(mac.isGenuine(table, 0, block, shardBytes, object, blockAt));

            if (at < 4096) {
                assertNull(ShardHeader.read(object, 0));
                return;
            }
            MemorySegment[] some = {object, objects(arena, encoder.sealed()).get(1), null};
            byte[] read = reader.read(some);
            long sealedAt = at - 4096;
            if (sealedAt < encoder.sealed().header().sealedBytes()) {
                assertNull(read, "a wrong byte was served");
            } else {
                assertArrayEquals(plain, read);
            }
        }
    }

    @Example
    void shouldNeverCombineTwoSealings() {
        byte[] plain = Fixture.plain(50_000, 1, false);
        Code code = new Code(2, 2);
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = VolumeKey.random(RANDOM);
                SealEncoder encoder = new SealEncoder(code, plain.length, 4096, key, RANDOM);
                ShardReader reader = new ShardReader(code, 4096, key)) {
            SealRequest request = Fixture.request(0, plain.length, Suite.COMPRESSION_NONE);
            encoder.encode(request, Fixture.source(plain, 0));
            List<MemorySegment> first = objects(arena, encoder.sealed());
            encoder.encode(request, Fixture.source(plain, 0));
            List<MemorySegment> second = objects(arena, encoder.sealed());
            assertNotEquals(
                    ShardHeader.read(first.get(0), 0).sealing(),
                    ShardHeader.read(second.get(1), 0).sealing());
            // Even a reader that does not compare seal ids gets nothing.
            assertNull(reader.read(new MemorySegment[] {first.get(0), second.get(1), null, null}));
            assertNull(reader.read(new MemorySegment[] {null, first.get(1), second.get(2), null}));
        }
    }

    @Example
    void shouldOpenNothingWithAnotherKeyOrAsSomethingElse() {
        byte[] plain = Fixture.plain(5000, 1, false);
        Code code = new Code(1, 0);
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = VolumeKey.random(RANDOM);
                VolumeKey otherKey = VolumeKey.random(RANDOM);
                SealEncoder encoder = new SealEncoder(code, plain.length, 4096, key, RANDOM);
                ChunkDecoder decoder = new ChunkDecoder(key, 4096);
                ShardReader otherReader = new ShardReader(code, 4096, otherKey)) {
            encoder.encode(Fixture.request(0, plain.length, Suite.COMPRESSION_NONE), Fixture.source(plain, 0));
            SealedSegment sealed = encoder.sealed();
            assertNull(
                    otherReader.read(new MemorySegment[] {objects(arena, sealed).get(0)}));

            SealIdentity right = sealed.identity();
            MemorySegment payload = sealed.shard(0).get(1);
            MemorySegment target = arena.allocate(4096);
            int crc = sealed.chunkCrc(0);
            assertEquals(0, decoder.decode(right, 0, 4096, crc, 4096, payload, 0, target, 0));
            assertEquals(
                    Linux.EBADMSG, decoder.decode(right, 0, 4096, crc ^ 1, 4096, payload, 0, target, 0), "checksum");
            for (SealIdentity wrong : others(right)) {
                assertEquals(Linux.EBADMSG, decoder.decode(wrong, 0, 4096, crc, 4096, payload, 0, target, 0));
                assertEquals(-1, target.mismatch(arena.allocate(4096)), "refused bytes stay");
            }
            assertEquals(Linux.EBADMSG, decoder.decode(right, 1, 4096, crc, 4096, payload, 0, target, 0), "chunk");
            assertEquals(Linux.EBADMSG, decoder.decode(right, 0, 4095, crc, 4095, payload, 0, target, 0), "length");
            assertEquals(
                    Linux.EBADMSG,
                    decoder.decode(right, 0, 4096, crc, 4096, payload, payload.byteSize() - 100, target, 0),
                    "cut short");
        }
    }

    private static List<SealIdentity> others(SealIdentity id) {
        var volume = Fixture.MOUNT;
        return List.of(
                new SealIdentity(SealKind.TAIL, 1, id.volumeId(), 0, id.mountId(), 7, 0, 5000, id.sealId()),
                new SealIdentity(SealKind.SEGMENT, 2, id.volumeId(), 0, id.mountId(), 7, 0, 5000, id.sealId()),
                new SealIdentity(SealKind.SEGMENT, 1, volume, 0, id.mountId(), 7, 0, 5000, id.sealId()),
                new SealIdentity(SealKind.SEGMENT, 1, id.volumeId(), 1, id.mountId(), 7, 0, 5000, id.sealId()),
                new SealIdentity(SealKind.SEGMENT, 1, id.volumeId(), 0, Fixture.VOLUME, 7, 0, 5000, id.sealId()),
                new SealIdentity(SealKind.SEGMENT, 1, id.volumeId(), 0, id.mountId(), 8, 0, 5000, id.sealId()),
                new SealIdentity(SealKind.SEGMENT, 1, id.volumeId(), 0, id.mountId(), 7, 1, 5000, id.sealId()),
                new SealIdentity(SealKind.SEGMENT, 1, id.volumeId(), 0, id.mountId(), 7, 0, 5001, id.sealId()),
                new SealIdentity(SealKind.SEGMENT, 1, id.volumeId(), 0, id.mountId(), 7, 0, 5000, Fixture.SEAL));
    }

    @Example
    void shouldPassErrorsOnAndVerifyInOrder() {
        byte[] plain = Fixture.plain(10_000, 1, false);
        List<Long> positions = new ArrayList<>();
        int[] crc = new int[1];
        RangeVerifier verifier = (position, bytes, offset, length) -> {
            positions.add(position);
            crc[0] = Isal.crc32c(bytes, offset, length, crc[0]);
            return 0;
        };
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = VolumeKey.random(RANDOM);
                SealEncoder encoder = new SealEncoder(new Code(2, 1), plain.length, 4096, key, RANDOM)) {
            SealRequest request = withVerifier(verifier);
            assertEquals(0, encoder.encode(request, Fixture.source(plain, 100)));
            assertEquals(List.of(100L, 4196L, 8292L), positions);
            MemorySegment copy = Fixture.copy(arena, plain);
            assertEquals(Isal.crc32c(copy, 0, plain.length, 0), crc[0]);
            assertNotNull(encoder.sealed());

            assertEquals(
                    Linux.EIO,
                    encoder.encode(request, (position, target, offset, length) -> position > 4000 ? Linux.EIO : 0));
            assertNull(encoder.sealed());
            assertEquals(
                    Linux.EBADMSG,
                    encoder.encode(
                            withVerifier((position, bytes, offset, length) -> Linux.EBADMSG),
                            Fixture.source(plain, 100)));
            assertNull(encoder.sealed());
        }
    }

    private static SealRequest withVerifier(RangeVerifier verifier) {
        return new SealRequest(SealKind.SEGMENT, Fixture.VOLUME, 0, Fixture.MOUNT, 1, 7, 100, 10_100, 1, 0, verifier);
    }

    @Example
    void shouldStayWithinItsMemory() {
        try (VolumeKey key = VolumeKey.random(RANDOM);
                SealEncoder encoder = new SealEncoder(new Code(4, 2), 63L << 20, 256 * 1024, key, RANDOM)) {
            assertTrue(encoder.memoryBytes() < (97L << 20), "bytes=" + encoder.memoryBytes());
        }
    }

    @Example
    void shouldLeaveNoBytesOfTheLastSealingInThePadding() {
        byte[] plain = Fixture.plain(100_000, 1, false);
        Code code = new Code(200, 1);
        try (VolumeKey key = VolumeKey.random(RANDOM);
                SealEncoder encoder = new SealEncoder(code, plain.length, 4096, key, RANDOM)) {
            encoder.encode(Fixture.request(0, plain.length, Suite.COMPRESSION_NONE), Fixture.source(plain, 0));
            encoder.encode(Fixture.request(0, 100, Suite.COMPRESSION_NONE), Fixture.source(plain, 0));
            for (int i = 5; i < 200; i++) {
                MemorySegment payload = encoder.sealed().shard(i).get(1);
                for (long at = 0; at < payload.byteSize(); at++) {
                    assertEquals(0, payload.get(ValueLayout.JAVA_BYTE, at));
                }
            }
        }
    }

    private static List<MemorySegment> objects(Arena arena, SealedSegment sealed) {
        List<MemorySegment> objects = new ArrayList<>();
        for (int i = 0; i < sealed.code().n(); i++) {
            objects.add(Fixture.object(arena, sealed.shard(i)));
        }
        return objects;
    }
}
