/** The records of the meta stream: one class of offsets and accessors for each structure. */
package io.qsfs.log.record;
