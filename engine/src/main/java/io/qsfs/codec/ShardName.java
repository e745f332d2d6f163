package io.qsfs.codec;

import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.util.HexFormat;
import java.util.Objects;

/**
 * The name of a shard's object: {@code shard/<d|m>/<segment, 16 hex>/<mount id>/<seal id>/<k>-<m>/<index>}. It has everything
 * that the content depends on, so one name never stands for two contents.
 *
 * @param stream 0 data, 1 meta.
 * @param segment number of the segment.
 * @param mountId the mount that wrote the segment.
 * @param sealId the sealing.
 * @param code the erasure code.
 * @param index which shard.
 */
public record ShardName(int stream, long segment, Id128 mountId, Id256 sealId, Code code, int index) {
    /** Longest name in characters. */
    public static final int LENGTH_MAX = 8 + 17 + 33 + 65 + 8 + 3;

    private static final String PREFIX = "shard/";
    private static final HexFormat HEX = HexFormat.of();
    private static final int PARTS = 7;

    /** A name. */
    public ShardName {
        Objects.requireNonNull(mountId);
        Objects.requireNonNull(sealId);
        if (stream < 0 || stream > 1 || segment < 0 || index < 0 || index >= code.n()) {
            throw new IllegalArgumentException(
                    "no such shard: stream=" + stream + " segment=" + segment + " code=" + code + " index=" + index);
        }
    }

    /** What the names of all shards of a stream begin with, for a listing. */
    public static String prefix(int stream) {
        return PREFIX + (stream == 0 ? "d/" : "m/");
    }

    /** What the names of all shards of a segment begin with, whatever mount and sealing they are of. */
    public static String prefix(int stream, long segment) {
        return prefix(stream) + HEX.toHexDigits(segment) + "/";
    }

    /** The name as it is given to a backend. */
    public String format() {
        return prefix(stream, segment) + mountId + "/" + sealId + "/" + code.k() + "-" + code.m() + "/" + index;
    }

    /** The shard that an object's name stands for, or null when the name is not exactly what {@link #format} writes. */
    public static ShardName parse(String name) {
        if (name.length() > LENGTH_MAX || !name.startsWith(PREFIX)) {
            return null;
        }
        String[] parts = name.split("/", PARTS + 1);
        if (parts.length != PARTS || parts[1].length() != 1) {
            return null;
        }
        int stream = "dm".indexOf(parts[1]);
        int dash = parts[5].indexOf('-');
        if (stream < 0 || dash < 1 || !isHex(parts[2], 16) || !isHex(parts[3], 32) || !isHex(parts[4], 64)) {
            return null;
        }
        int k = count(parts[5].substring(0, dash));
        int m = count(parts[5].substring(dash + 1));
        int index = count(parts[6]);
        long segment = HexFormat.fromHexDigitsToLong(parts[2]);
        if (k < 0 || m < 0 || !Code.isValid(k, m) || index < 0 || index >= k + m || segment < 0) {
            return null;
        }
        return new ShardName(stream, segment, Id128.parse(parts[3]), Id256.parse(parts[4]), new Code(k, m), index);
    }

    private static boolean isHex(String text, int digits) {
        if (text.length() != digits) {
            return false;
        }
        for (int i = 0; i < digits; i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }

    /** 0..999 as a decimal number without leading zeros, -1 for anything else. */
    private static int count(String text) {
        int length = text.length();
        if (length < 1 || length > 3 || (length > 1 && text.charAt(0) == '0')) {
            return -1;
        }
        int value = 0;
        for (int i = 0; i < length; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    @Override
    public String toString() {
        return format();
    }
}
