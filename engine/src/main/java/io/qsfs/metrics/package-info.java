/** Counters and rates. */
package io.qsfs.metrics;
