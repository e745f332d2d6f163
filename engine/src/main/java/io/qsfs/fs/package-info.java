/**
 * POSIX semantics: what each operation means, who may do it, and which record it becomes.
 *
 * <p>Two kinds of threads meet here. A {@link io.qsfs.fs.RequestHandler} belongs to one FUSE worker: it moves payload and answers
 * what has not changed since the last commit. The {@link io.qsfs.fs.FileSystemAgent} is the single writer. Between them is the
 * {@link io.qsfs.fs.CommandRing}.
 */
package io.qsfs.fs;
