package io.qsfs.mount;

/**
 * A segment that is safe only on this machine.
 *
 * @param segment    stream and number, as in log lines: {@code data 17}.
 * @param bytes      of the segment that are in use.
 * @param shards     acknowledged shards that it has.
 * @param shardsMin  acknowledged shards that it needs ({@code placed_min}).
 * @param reason     one sentence: which backends do not take it, and why.
 */
public record Unplaced(String segment, long bytes, int shards, int shardsMin, String reason) {}
