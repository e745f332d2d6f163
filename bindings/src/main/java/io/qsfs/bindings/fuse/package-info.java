/**
 * libfuse3: sessions, requests, replies. Beside what jextract wrote stands what the engine uses: the classes with
 * capital letters.
 */
package io.qsfs.bindings.fuse;
