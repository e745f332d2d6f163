package io.qsfs.fs;

/**
 * True figures for {@code statfs}.
 *
 * <p>Threading: any thread; never waits for a backend.
 */
@FunctionalInterface
public interface SpaceSource {
    /** The figures now. */
    SpaceReport report();
}
