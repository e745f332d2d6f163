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
        return List.of();
    }

    private static List<Stage> paths() {
        return List.of();
    }

    private static long bytes(Map<String, String> parameters, String name) {
        return Long.parseLong(parameters.get(name));
    }
}
