/**
 * LMDB: the B+tree under the index. The engine uses {@link io.qsfs.bindings.lmdb.Lmdb} and {@link
 * io.qsfs.bindings.lmdb.Val}.
 */
package io.qsfs.bindings.lmdb;
