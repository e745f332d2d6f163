/** Puts a volume together and runs it: wiring, life cycle, status. */
package io.qsfs.mount;
