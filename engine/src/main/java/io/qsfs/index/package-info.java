/** The current state of a volume as a B+tree in LMDB, changed through {@code apply(record)} alone. */
package io.qsfs.index;
