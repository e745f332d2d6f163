package io.qsfs.backend;

import io.qsfs.memory.Id128;
import java.util.HexFormat;

/**
 * Names of the objects on a backend. A name is made of parts with {@code /} between; a part has letters, digits,
 * {@code -}, {@code _}, {@code .}, and does not begin with a dot. Names of shards are the codec's.
 *
 * <p>Threading: stateless.
 */
public final class ObjectNames {
    /** The identity of the backend; no other object has a name without a volume. */
    public static final String IDENTITY = "identity";

    /** Prefix of superblocks. */
    public static final String SUPERBLOCKS = "superblock/";
    /** Prefix of titles. */
    public static final String TITLES = "epoch/";
    /** Prefix of shards. */
    public static final String SHARDS = "shard/";

    /** Longest name. */
    public static final int NAME_LENGTH_MAX = 240;

    private static final HexFormat HEX = HexFormat.of();

    private ObjectNames() {}

    /** The superblock of a generation: {@code superblock/<8 hex digits>}. */
    public static String superblock(int generation) {
        return SUPERBLOCKS + HEX.toHexDigits(generation);
    }

    /** The generation in the name of a superblock; -1 when it is not one. */
    public static long superblockGeneration(String object) {
        String digits = object.startsWith(SUPERBLOCKS) ? object.substring(SUPERBLOCKS.length()) : "";
        return isHex(digits, 8) ? HexFormat.fromHexDigitsToLong(digits) : -1;
    }

    /** The title of an owner to an epoch: {@code epoch/<16 hex digits>/<32 hex digits>}. */
    public static String title(long epoch, Id128 owner) {
        return TITLES + HEX.toHexDigits(epoch) + "/" + owner;
    }

    /** True when {@code object} can be the name of one. */
    public static boolean isValid(String object) {
        return !object.isEmpty()
                && object.charAt(object.length() - 1) != '/'
                && object.charAt(0) != '/'
                && isValidPrefix(object);
    }

    /** True when a name can begin with {@code prefix}; the empty one is valid. */
    static boolean isValidPrefix(String prefix) {
        if (prefix.length() > NAME_LENGTH_MAX) {
            return false;
        }
        char before = '/';
        for (int i = 0; i < prefix.length(); i++) {
            char c = prefix.charAt(i);
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
            boolean inner = letter || c == '-' || c == '_';
            if (!inner && (c != '.' && c != '/' || before == '/')) {
                return false;
            }
            before = c;
        }
        return true;
    }

    /** Throws for a name that cannot be one: the caller's mistake. */
    static void check(String object) {
        if (!isValid(object)) {
            throw new IllegalArgumentException("not the name of an object: \"" + object + "\"");
        }
    }

    /** Throws for a prefix that no name can have: the caller's mistake. */
    static void checkPrefix(String prefix) {
        if (!isValidPrefix(prefix)) {
            throw new IllegalArgumentException("not the prefix of a name: \"" + prefix + "\"");
        }
    }

    static boolean isHex(String digits, int length) {
        if (digits.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            char c = digits.charAt(i);
            if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) { // lower case alone: one name for one thing
                return false;
            }
        }
        return true;
    }
}
