package io.qsfs.bench.jmh;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** Every stage that is measured, in the order of the table. */
final class Catalogue {
    private static final String CODE = "code";
    private static final String SHARD_BYTES = "shardBytes";
    private static final String BYTES = "bytes";
    private static final String ISAL = "ISA-L from C";
    private static final String OPENSSL_SPEED = "the loop of openssl speed";
    private static final double REED_SOLOMON_GOAL = 0.95;
    private static final double CIPHER_GOAL = 0.93;
    private static final double SEALING_GOAL = 0.75;
    private static final double FUSE_GOAL = 0.8;
    /** At most 2 % of the operation. */
    private static final double OVERHEAD_GOAL = 50;

    private static final int GOAL_FROM_BYTES = 64 << 10;

    private Catalogue() {}

    static List<Stage> stages() {
        return java.util.stream.Stream.of(reedSolomon(), ciphers(), checksums(), sealing(), paths())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Stage> reedSolomon() {
        return List.of(
                coder("Reed-Solomon encode", "encode").goal(Catalogue::reedSolomonGoal),
                coder("Reed-Solomon decode, m lost", "decode").goal(Catalogue::reedSolomonGoal),
                coder("Reed-Solomon repair, 1 lost", "repair"),
                coder("Hadoop RSRawEncoder encode", "hadoopEncode")
                        .quick(p -> p.get(CODE).equals("16+4") && bytes(p, SHARD_BYTES) == 64 << 10));
    }

    private static Stage coder(String name, String method) {
        return Stage.of(name, "ReedSolomonBenchmark." + method, ISAL)
                .with(CODE, "2+1", "4+2", "10+4", "16+4")
                .with(SHARD_BYTES, "4096", "65536", "262144", "1048576")
                .quick(p -> Set.of("4+2", "16+4").contains(p.get(CODE)) && bytes(p, SHARD_BYTES) != 256 << 10)
                .bytes(p -> Integer.parseInt(p.get(CODE).split("\\+")[0]) * bytes(p, SHARD_BYTES));
    }

    private static double reedSolomonGoal(Map<String, String> p) {
        boolean isWanted = !p.get(CODE).equals("2+1") && bytes(p, SHARD_BYTES) >= GOAL_FROM_BYTES;
        return isWanted ? REED_SOLOMON_GOAL : 0;
    }

    private static List<Stage> ciphers() {
        return List.of(
                cipher("AES-256-GCM seal", "seal", OPENSSL_SPEED)
                        .goal(p -> bytes(p, BYTES) >= GOAL_FROM_BYTES ? CIPHER_GOAL : 0),
                cipher("AES-256-GCM seal", "sealAsC", "the same calls from C"),
                cipher("AES-256-GCM open", "open", "the same calls from C"),
                cipher("GMAC", "gmac", "the same calls from C").quick(p -> bytes(p, BYTES) == 64 << 10),
                cipher("AES-256-GCM of the JDK", "jdkSeal", OPENSSL_SPEED).quick(p -> bytes(p, BYTES) == 64 << 10),
                cipher("AES-256-GCM of BouncyCastle", "bouncyCastleSeal", OPENSSL_SPEED)
                        .quick(p -> bytes(p, BYTES) == 64 << 10));
    }

    private static Stage cipher(String name, String method, String roof) {
        return Stage.of(name, "AesGcmBenchmark." + method, roof)
                .with(BYTES, "4096", "16384", "65536", "262144")
                .quick(p -> bytes(p, BYTES) != 16 << 10)
                .bytes(p -> bytes(p, BYTES));
    }

    private static List<Stage> checksums() {
        Stage ours = Stage.of("CRC-32C", "Crc32cBenchmark.ours", ISAL)
                .with(BYTES, "4096", "65536", "262144")
                .quick(p -> bytes(p, BYTES) != 256 << 10)
                .bytes(p -> bytes(p, BYTES));
        Stage jdk = Stage.of("CRC-32C of the JDK", "Crc32cBenchmark.jdk", ISAL)
                .with(BYTES, "4096", "65536", "262144")
                .quick(p -> bytes(p, BYTES) == 64 << 10)
                .bytes(p -> bytes(p, BYTES));
        return List.of(ours, jdk);
    }

    private static List<Stage> sealing() {
        return List.of(
                packer("lz4 compress", "compress"),
                packer("lz4 decompress", "decompress").quick(p -> isText(p) && bytes(p, BYTES) == 256 << 10),
                sealer("seal", "1 / (1/AES + 1/RS + 1/CRC + 1/GMAC) from C")
                        .goal(p -> p.get(CODE).equals("16+4") ? SEALING_GOAL : 0),
                sealer("sealAllPasses", "every pass of the format from C")
                        .quick(p -> p.get(CODE).equals("16+4")));
    }

    private static Stage packer(String name, String method) {
        return Stage.of(name, "CompressionBenchmark." + method, "liblz4 from C")
                .with("content", "text", "random")
                .with(BYTES, "65536", "262144")
                .quick(p -> bytes(p, BYTES) == 256 << 10)
                .bytes(p -> bytes(p, BYTES));
    }

    private static boolean isText(Map<String, String> p) {
        return p.get("content").equals("text");
    }

    private static Stage sealer(String method, String roof) {
        return Stage.of("sealing of a 64 MiB segment", "SealBenchmark." + method, roof)
                .with(CODE, "4+2", "16+4")
                .bytes(p -> 64L << 20);
    }

    private static List<Stage> paths() {
        return List.of(
                Stage.of("log append", "LogBenchmark.append", "pwrite from C")
                        .with(BYTES, "4096", "131072")
                        .bytes(p -> bytes(p, BYTES)),
                Stage.of("log records, 64 a batch", "LogBenchmark.records", "pwrite of a batch from C"),
                Stage.of("append 4 KiB and group commit", "LogBenchmark.groupCommit", "pwrite, fdatasync from C"),
                Stage.of("command through the ring", "RingBenchmark.claimAndCommit", "the same ring in C"),
                Stage.of("index lookup of 100,000", "IndexBenchmark.lookup", "LMDB from C"),
                Stage.of("index insert, 1,000 a commit", "IndexBenchmark.insertAndCommit", "LMDB from C"),
                Stage.of("FUSE request and reply", "FuseBenchmark.call", "the same loop in C")
                        .with(
                                "request",
                                "getattr",
                                "lookup",
                                "read 4 KiB",
                                "read 128 KiB",
                                "write 4 KiB",
                                "write 128 KiB")
                        .goal(p -> FUSE_GOAL),
                Stage.of("RESP reply parsed", "RespBenchmark.decode", "the least in C")
                        .with(BYTES, "0", "4096", "65536")
                        .quick(p -> bytes(p, BYTES) != 64 << 10),
                Stage.of("overhead of the measuring", "OverheadBenchmark.nothing", "CRC-32C of 4 KiB from C")
                        .goal(p -> OVERHEAD_GOAL));
    }

    private static long bytes(Map<String, String> parameters, String name) {
        return Long.parseLong(parameters.get(name));
    }
}
