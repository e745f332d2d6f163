/**
 * {@code qsfs-bench}: measures backends, codec, the way from the log to the backends, and mounts, and advises from
 * that.
 *
 * <p>It works with the engine's own classes, writes only into a scratch place of its own on each backend, and keeps
 * what it found in a {@link io.qsfs.bench.tool.Report}, which is printed, stored as JSON, drawn as HTML and compared.
 */
package io.qsfs.bench.tool;
