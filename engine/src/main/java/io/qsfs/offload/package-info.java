/** A closed segment to placed shards; owed shards; back-pressure. */
package io.qsfs.offload;
