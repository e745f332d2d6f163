/** Off-heap buffers and their owners. */
package io.qsfs.memory;
