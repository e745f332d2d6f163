/** Placed shards to bytes: ranged and degraded reads, the recall cache, recovery of a volume from its backends. */
package io.qsfs.recall;
