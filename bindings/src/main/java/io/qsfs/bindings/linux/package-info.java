/** System calls through libc. The engine uses {@link io.qsfs.bindings.linux.Linux}. */
package io.qsfs.bindings.linux;
