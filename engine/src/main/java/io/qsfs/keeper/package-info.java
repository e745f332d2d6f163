/** Background work in small steps: eviction, checkpoints. Nothing that a request waits for. */
package io.qsfs.keeper;
