package io.qsfs.fs;

/**
 * Layout of a command in the ring, the same for every type; a field that a type does not use is not written.
 *
 * <pre>
 *  0        8        16       24       32       40       48     52     56     60     64     68     72
 * +--------+--------+--------+--------+--------+--------+------+------+------+------+------+------+---------
 * | request| ino    | ino 2  | a      | b      | c      | mode | uid  | gid  | x    | len1 | len2 | text 1, 2
 * +--------+--------+--------+--------+--------+--------+------+------+------+------+------+------+---------
 * </pre>
 */
final class CommandDescriptor {
    static final int REQUEST = 0;
    static final int INO = 8;
    static final int INO2 = 16;
    static final int A = 24;
    static final int B = 32;
    static final int C = 40;
    static final int MODE = 48;
    static final int UID = 52;
    static final int GID = 56;
    static final int X = 60;
    static final int TEXT1_LENGTH = 64;
    static final int TEXT2_LENGTH = 68;
    static final int TEXT = 72;

    private CommandDescriptor() {}
}
