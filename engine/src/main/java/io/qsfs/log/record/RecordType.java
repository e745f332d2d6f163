package io.qsfs.log.record;

import java.lang.foreign.MemorySegment;

/** What a record of the meta stream says. Codes are part of the format and never reused. */
public enum RecordType {
    /** See {@link PadRecord}. */
    PAD(1, PadRecord::isWellFormed),
    /** See {@link SyncRecord}. */
    SYNC(2, SyncRecord::isWellFormed),
    /** See {@link MountRecord}. */
    MOUNT(3, MountRecord::isWellFormed),
    /** See {@link MakeRecord}. */
    MAKE(4, MakeRecord::isWellFormed),
    /** See {@link LinkRecord}. */
    LINK(5, LinkRecord::isWellFormed),
    /** See {@link UnlinkRecord}. */
    UNLINK(6, UnlinkRecord::isWellFormed),
    /** See {@link RenameRecord}. */
    RENAME(7, RenameRecord::isWellFormed),
    /** See {@link SetAttrRecord}. */
    SET_ATTR(8, SetAttrRecord::isWellFormed),
    /** See {@link WriteRecord}. */
    WRITE(9, WriteRecord::isWellFormed),
    /** See {@link PurgeRecord}. */
    PURGE(10, PurgeRecord::isWellFormed),
    /** See {@link ClosedRecord}. */
    CLOSED(11, ClosedRecord::isWellFormed),
    /** See {@link PlacedRecord}. */
    PLACED(12, PlacedRecord::isWellFormed),
    /** See {@link ShardRecord}. */
    SHARD(13, ShardRecord::isWellFormed),
    /** See {@link SetXattrRecord}. */
    SET_XATTR(14, SetXattrRecord::isWellFormed),
    /** See {@link RemoveXattrRecord}. */
    REMOVE_XATTR(15, RemoveXattrRecord::isWellFormed),
    /** See {@link PunchRecord}. */
    PUNCH(16, PunchRecord::isWellFormed),
    /** See {@link CloneRecord}. */
    CLONE(17, CloneRecord::isWellFormed);

    private static final RecordType[] BY_CODE = new RecordType[18];

    static {
        for (RecordType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;
    private final Check check;

    RecordType(int code, Check check) {
        this.code = code;
        this.check = check;
    }

    /** The code in the frame. */
    public int code() {
        return code;
    }

    /** The type with that code, or null. */
    public static RecordType of(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }

    boolean isWellFormed(MemorySegment record, long at, int length) {
        return check.isWellFormed(record, at, length);
    }

    private interface Check {
        boolean isWellFormed(MemorySegment record, long at, int length);
    }
}
