package io.qsfs.index;

/**
 * Why {@link IndexWriter#apply} refuses a record: it does not fit the state, so one of the two is wrong, and the volume
 * must stop. The codes lie above every errno; they are in no format.
 */
public enum Refusal {
    /** Sequence is not one more than that of the last applied record. */
    SEQUENCE("its sequence is not the next"),
    /** It begins before the end of the last applied record. */
    POSITION("its position lies before the end of the last applied record"),
    /** No such type. */
    TYPE("its type is unknown"),
    /** The inode does not exist. */
    NO_INODE("it names an inode that does not exist"),
    /** The number is in use, or can be none. */
    INODE_EXISTS("it makes an inode whose number is in use"),
    /** A directory is needed. */
    NOT_A_DIRECTORY("it needs a directory and names something else"),
    /** A directory is not allowed. */
    IS_A_DIRECTORY("it names a directory and needs something else"),
    /** A regular file is needed. */
    NOT_A_FILE("it changes content of what is no regular file"),
    /** The directory was removed. */
    DIRECTORY_REMOVED("it adds a name to a directory that was removed"),
    /** The name is taken. */
    NAME_EXISTS("it makes a name that exists"),
    /** The name does not exist. */
    NO_NAME("it names an entry that does not exist"),
    /** The name stands for another inode. */
    OTHER_INODE("its name stands for another inode"),
    /** Empty, "." or "..", or with a slash or a zero. */
    BAD_NAME("its name can be none"),
    /** The directory has entries. */
    NOT_EMPTY("it removes a directory that is not empty"),
    /** Purge of what has names. */
    NOT_AN_ORPHAN("it purges what is no orphan"),
    /** A directory would come to lie in itself. */
    LOOP("it moves a directory into itself"),
    /** Both names are one inode. */
    SAME_INODE("it renames an inode over itself"),
    /** The mode has no known type. */
    BAD_MODE("its mode has no known type"),
    /** A symbolic link without a target, or a target of anything else. */
    BAD_TARGET("it has a target and is no symbolic link, or the other way round"),
    /** A range past the end of what a file or a stream can have. */
    BAD_RANGE("its range does not fit a file or the data stream"),
    /** The range of the data stream does not lie in one segment. */
    CROSSES_SEGMENT("its range of the data stream crosses a segment"),
    /** A range becomes itself. */
    OVERLAPS("its ranges of one file overlap"),
    /** Neither data nor meta. */
    BAD_STREAM("its stream is neither data nor meta"),
    /** A position range that is none, or lies outside of its segment. */
    BAD_SEGMENT("its positions do not fit its segment"),
    /** More shards than the placement has. */
    BAD_SHARD("it names a shard that the placement does not have"),
    /** The attribute does not exist. */
    NO_ATTRIBUTE("it removes an extended attribute that does not exist");

    private static final int CODE_MIN = 10_000;
    private static final Refusal[] ALL = values();

    private final int code;
    private final String text;

    Refusal(String text) {
        this.code = CODE_MIN + ordinal();
        this.text = text;
    }

    /** What {@link IndexWriter#apply} returns. */
    public int code() {
        return code;
    }

    /** The refusal with that code; null when the code is 0 or an errno. */
    public static Refusal of(int code) {
        int index = code - CODE_MIN;
        return index >= 0 && index < ALL.length ? ALL[index] : null;
    }

    /** True when the code is a refusal, and not 0 or an errno. */
    public static boolean is(int code) {
        return code >= CODE_MIN;
    }

    /** What is wrong with the record, as the end of a sentence. */
    public String text() {
        return text;
    }
}
