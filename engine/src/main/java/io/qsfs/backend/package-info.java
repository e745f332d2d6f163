/** Where shards go: the interface to a location, its implementations, placement over them, and the title to a volume. */
package io.qsfs.backend;
