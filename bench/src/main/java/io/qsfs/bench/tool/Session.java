package io.qsfs.bench.tool;

import io.qsfs.config.Paths;
import io.qsfs.memory.Clock;

/**
 * What a command works with; a test hands in its own.
 *
 * @param paths  of the user.
 * @param output for people.
 * @param stop   asks the run to end.
 * @param clock  time.
 */
record Session(Paths paths, Output output, Stop stop, Clock clock) {}
