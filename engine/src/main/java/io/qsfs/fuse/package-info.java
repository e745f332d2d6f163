/**
 * The way in: a libfuse session whose threads Java owns, requests decoded, answers encoded. What a request means is for
 * {@link io.qsfs.fs} to say.
 */
package io.qsfs.fuse;
