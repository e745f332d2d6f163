package io.qsfs.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.keys.VolumeKey;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The format may not change: shards that were written once, in src/test/resources/golden, are still what the encoder writes and still
 * open. And they prove more than themselves: {@link Independent} makes the same bytes from the text of docs/format.md with the
 * JDK's cryptography, its CRC-32C, and a Reed-Solomon of its own.
 *
 * <p>All vectors: volume key 40 41 … 5f, volume id 00 01 … 0f, mount id 10 11 … 1f, seal id 20 21 … 3f, stream 0, epoch 3, segment
 * 7, from 28672, to 38672, chunks of 4096 bytes, code 2+1, created 1700000000000000000. Plain byte i of "none" is
 * the top byte of (x ^ x >>> 15) * 0x85EBCA6B with x = i * 0x9E3779B1, 32-bit arithmetic; of "lz4" it is i / 1000 in the first and
 * the last chunk, the same noise in the middle one.
 */
class GoldenVectorTest {
    private static final long FROM = 28_672;
    private static final int LENGTH = 10_000;
    private static final int CHUNK_BYTES = 4096;
    private static final Code CODE = new Code(2, 1);

    @ParameterizedTest
    @ValueSource(strings = {"none", "lz4"})
    void shouldStillWriteTheSameShards(String vector) throws IOException {
        try (VolumeKey key = Fixture.volumeKey();
                SealEncoder encoder = new SealEncoder(CODE, LENGTH, CHUNK_BYTES, key, new SecureRandom())) {
            assertEquals(0, encoder.encode(request(vector), Fixture.source(plain(vector), FROM), Fixture.SEAL));
            String rewrite = System.getProperty("qsfs.golden.write"); // a folder, when a new vector is added
            for (int i = 0; rewrite != null && i < CODE.n(); i++) {
                Files.write(
                        Path.of(rewrite, file(vector, i)),
                        bytes(encoder.sealed().shard(i)));
            }
            for (int i = 0; i < CODE.n(); i++) {
                assertArrayEquals(golden(vector, i), bytes(encoder.sealed().shard(i)), file(vector, i));
            }
            assertEquals(
                    "shard/d/0000000000000007/101112131415161718191a1b1c1d1e1f/"
                            + "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f/2-1/2",
                    encoder.sealed().objectName(2));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "lz4"})
    void shouldStillReadThem(String vector) throws IOException {
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = Fixture.volumeKey();
                ShardReader reader = new ShardReader(CODE, CHUNK_BYTES, key)) {
            for (int lost = 0; lost < CODE.n(); lost++) {
                MemorySegment[] objects = new MemorySegment[CODE.n()];
                for (int i = 0; i < CODE.n(); i++) {
                    objects[i] = i == lost ? null : Fixture.copy(arena, golden(vector, i));
                }
                assertArrayEquals(plain(vector), reader.read(objects), "lost=" + lost);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "lz4"})
    void shouldBeWhatTheDocumentSays(String vector) throws IOException, GeneralSecurityException {
        Independent independent = new Independent(vector);
        byte[][] objects = independent.objects();
        for (int i = 0; i < CODE.n(); i++) {
            assertArrayEquals(golden(vector, i), objects[i], file(vector, i));
        }
    }

    private static SealRequest request(String vector) {
        int compression = vector.equals("lz4") ? Suite.COMPRESSION_LZ4 : Suite.COMPRESSION_NONE;
        return Fixture.request(FROM, FROM + LENGTH, compression);
    }

    private static byte[] plain(String vector) {
        byte[] plain = new byte[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            boolean even = vector.equals("lz4") && i / CHUNK_BYTES != 1;
            plain[i] = (byte) (even ? i / 1000 : noise(i));
        }
        return plain;
    }

    /** Bytes that lz4 cannot shorten, from a rule that fits into a sentence. */
    private static int noise(int i) {
        int x = i * 0x9E3779B1;
        return (x ^ x >>> 15) * 0x85EBCA6B >>> 24;
    }

    private static String file(String vector, int index) {
        return "shard-" + vector + "-" + index + ".bin";
    }

    private static byte[] golden(String vector, int index) throws IOException {
        try (InputStream in = GoldenVectorTest.class.getResourceAsStream("/golden/" + file(vector, index))) {
            assertNotNull(in, "no golden vector " + file(vector, index));
            return in.readAllBytes();
        }
    }

    private static byte[] bytes(List<MemorySegment> parts) {
        try (Arena arena = Arena.ofConfined()) {
            return Fixture.object(arena, parts).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** The format once more, from its document, sharing no code with the codec. It takes compressed chunks as the vector has them. */
    private static final class Independent {
        private static final HexFormat HEX = HexFormat.of();
        private static final String VOLUME_KEY = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f";
        private static final String VOLUME = "000102030405060708090a0b0c0d0e0f";
        private static final String MOUNT = "101112131415161718191a1b1c1d1e1f";
        private static final String SEAL = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";

        private final String vector;

        Independent(String vector) {
            this.vector = vector;
        }

        byte[][] objects() throws IOException, GeneralSecurityException {
            byte[] key =
                    hkdf("qsfs seal", little().putInt(0), little().putLong(7).putInt(1));
            byte[] plain = plain(vector);
            ByteBuffer sealed = little(64 * 1024);
            ByteBuffer entries = little();
            for (int chunk = 0; chunk < 3; chunk++) {
                byte[] text =
                        Arrays.copyOfRange(plain, chunk * CHUNK_BYTES, Math.min(LENGTH, (chunk + 1) * CHUNK_BYTES));
                boolean isCompressed = vector.equals("lz4") && chunk != 1;
                byte[] stored = isCompressed ? lz4(text, key, chunk, sealed.position()) : text;
                entries.putInt(stored.length | (isCompressed ? 0x80000000 : 0)).putInt(crc(text, text.length));
                sealed.put(gcm(key, little(12).putInt(chunk).array(), associatedData(chunk), stored));
            }
            ByteBuffer table = little().putInt(CHUNK_BYTES)
                    .putInt(3)
                    .putLong(LENGTH)
                    .putLong(sealed.position())
                    .putInt(vector.equals("lz4") ? 1 : 0)
                    .putInt(0)
                    .put(exact(entries));
            sealed.put(gcm(key, little(12).putInt(-1).array(), associatedData(-1), exact(table)));

            int sealedBytes = sealed.position();
            int shardBytes = ((sealedBytes + 1) / 2 + 63) / 64 * 64;
            byte[][] data = {
                Arrays.copyOfRange(sealed.array(), 0, shardBytes),
                Arrays.copyOfRange(sealed.array(), shardBytes, 2 * shardBytes)
            };
            byte[] macKey = hkdf(
                    "qsfs mac",
                    little().putInt(0),
                    little().putLong(7).putInt(2).putInt(1).putLong(shardBytes));
            byte[][] objects = new byte[3][];
            for (int i = 0; i < 3; i++) {
                objects[i] = object(i, GfOracle.shard(data, i), sealedBytes, macKey);
            }
            return objects;
        }

        private byte[] object(int index, byte[] payload, int sealedBytes, byte[] macKey)
                throws GeneralSecurityException {
            byte[] header = header(index, payload.length, sealedBytes);
            ByteBuffer object = little(64 * 1024).put(header).put(payload);
            List<byte[]> blocks = new ArrayList<>(List.of(header));
            for (int at = 0; at < payload.length; at += 65_536) {
                blocks.add(Arrays.copyOfRange(payload, at, Math.min(payload.length, at + 65_536)));
            }
            for (int block = 0; block < blocks.size(); block++) {
                byte[] nonce = little(12).putInt(index).putLong(block).array();
                object.putInt(crc(blocks.get(block), blocks.get(block).length))
                        .putInt(0)
                        .put(gcm(macKey, nonce, blocks.get(block), new byte[0]));
            }
            return exact(object);
        }

        private byte[] header(int index, int shardBytes, int sealedBytes) {
            ByteBuffer header = little(4096)
                    .put("QSFSSHRD".getBytes(StandardCharsets.US_ASCII))
                    .putInt(1)
                    .putInt(4096)
                    .put(HEX.parseHex(VOLUME))
                    .putInt(0)
                    .putInt(1)
                    .putInt(1)
                    .putInt(vector.equals("lz4") ? 1 : 0)
                    .put(HEX.parseHex(MOUNT))
                    .putLong(3)
                    .putLong(7)
                    .putLong(FROM)
                    .putLong(FROM + LENGTH)
                    .put(HEX.parseHex(SEAL))
                    .putShort((short) index)
                    .putShort((short) 2)
                    .putShort((short) 1)
                    .putShort((short) 0)
                    .putInt(CHUNK_BYTES)
                    .putInt(3)
                    .putLong(shardBytes)
                    .putLong(sealedBytes)
                    .putLong(1_700_000_000_000_000_000L)
                    .putInt(65_536);
            header.putInt(4092, crc(header.array(), 4092));
            return header.array();
        }

        private static byte[] associatedData(int chunk) {
            return exact(little().putInt(1)
                    .putInt(1)
                    .put(HEX.parseHex(VOLUME))
                    .putInt(0)
                    .putInt(chunk)
                    .put(HEX.parseHex(MOUNT))
                    .putLong(7)
                    .putLong(FROM)
                    .putLong(FROM + LENGTH)
                    .put(HEX.parseHex(SEAL)));
        }

        /** The block that the vector has for a chunk: decrypted and decompressed here, and it must give the text. */
        private byte[] lz4(byte[] text, byte[] key, int chunk, int sealedOffset)
                throws IOException, GeneralSecurityException {
            byte[] first = golden(vector, 0);
            int shardBytes =
                    ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getInt(144);
            byte[] stream = Arrays.copyOf(Arrays.copyOfRange(first, 4096, 4096 + shardBytes), 2 * shardBytes);
            System.arraycopy(golden(vector, 1), 4096, stream, shardBytes, shardBytes);
            for (int length = 1; length < text.length; length++) {
                byte[] sealed = Arrays.copyOfRange(stream, sealedOffset, sealedOffset + length + 16);
                Cipher cipher = cipher(
                        Cipher.DECRYPT_MODE, key, little(12).putInt(chunk).array());
                cipher.updateAAD(associatedData(chunk));
                try {
                    byte[] block = cipher.doFinal(sealed);
                    assertArrayEquals(text, unpack(block, text.length));
                    return block;
                } catch (AEADBadTagException e) {
                    continue; // not this long
                }
            }
            throw new AssertionError("chunk " + chunk + " of the vector does not open");
        }

        /** An lz4 block, from its specification. */
        private static byte[] unpack(byte[] block, int length) {
            byte[] text = new byte[length];
            int in = 0;
            int out = 0;
            while (true) {
                int token = block[in++] & 0xFF;
                int literals = token >> 4;
                for (int more = 255; literals >= 15 && more == 255; literals += more) {
                    more = block[in++] & 0xFF;
                }
                System.arraycopy(block, in, text, out, literals);
                in += literals;
                out += literals;
                if (in == block.length) {
                    assertEquals(length, out);
                    return text;
                }
                int distance = block[in] & 0xFF | (block[in + 1] & 0xFF) << 8;
                in += 2;
                int match = token & 15;
                for (int more = 255; match >= 15 && more == 255; match += more) {
                    more = block[in++] & 0xFF;
                }
                for (int i = 0; i < match + 4; i++, out++) {
                    text[out] = text[out - distance];
                }
            }
        }

        /** Info: label, volume, {@code before} the mount id, mount id, {@code after} it. */
        private static byte[] hkdf(String label, ByteBuffer before, ByteBuffer after) throws GeneralSecurityException {
            byte[] pseudoRandomKey = hmac(HEX.parseHex(SEAL), HEX.parseHex(VOLUME_KEY));
            return hmac(
                    pseudoRandomKey,
                    exact(little().put(label.getBytes(StandardCharsets.US_ASCII))
                            .put(HEX.parseHex(VOLUME))
                            .put(exact(before))
                            .put(HEX.parseHex(MOUNT))
                            .put(exact(after))
                            .put((byte) 1)));
        }

        private static byte[] hmac(byte[] key, byte[] message) throws GeneralSecurityException {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(message);
        }

        private static byte[] gcm(byte[] key, byte[] nonce, byte[] aad, byte[] text) throws GeneralSecurityException {
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, key, nonce);
            cipher.updateAAD(aad);
            return cipher.doFinal(text);
        }

        private static Cipher cipher(int mode, byte[] key, byte[] nonce) throws GeneralSecurityException {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
            return cipher;
        }

        private static int crc(byte[] bytes, int length) {
            CRC32C crc = new CRC32C();
            crc.update(bytes, 0, length);
            return (int) crc.getValue();
        }

        private static ByteBuffer little() {
            return little(4096);
        }

        private static ByteBuffer little(int bytes) {
            return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        private static byte[] exact(ByteBuffer buffer) {
            return Arrays.copyOf(buffer.array(), buffer.position());
        }
    }

    @Test
    void shouldHaveVectorsThatShowBothKindsOfChunk() throws IOException {
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = Fixture.volumeKey();
                ChunkDecoder decoder = new ChunkDecoder(key, CHUNK_BYTES)) {
            ShardHeader header = ShardHeader.read(Fixture.copy(arena, golden("lz4", 0)), 0);
            byte[] stream = Arrays.copyOfRange(golden("lz4", 0), 4096, 4096 + 2 * (int) header.shardBytes());
            System.arraycopy(golden("lz4", 1), 4096, stream, (int) header.shardBytes(), (int) header.shardBytes());
            MemorySegment table = arena.allocate(ChunkTable.bytes(3), 8);
            assertEquals(0, decoder.decodeTable(header, Fixture.copy(arena, stream), header.tableOffset(), table));
            assertEquals(4096, ChunkTable.stored(table, ChunkTable.HEADER_BYTES, 1));
            assertTrue(ChunkTable.isCompressed(ChunkTable.stored(table, ChunkTable.HEADER_BYTES, 0)));
            assertTrue(ChunkTable.isCompressed(ChunkTable.stored(table, ChunkTable.HEADER_BYTES, 2)));
        }
    }
}
