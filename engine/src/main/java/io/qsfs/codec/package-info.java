/**
 * From a closed segment to shards and back: chunks, compression, sealing, Reed-Solomon, the shard format.
 *
 * <p>Every number on disk is little endian; identities are bytes in the order of their hex digits. docs/format.md has
 * the whole format with its golden vectors.
 */
package io.qsfs.codec;
