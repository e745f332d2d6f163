/** The command line: parses, calls package {@code mount}, prints. */
package io.qsfs.cli;
