/** The segment log: streams, segments, claims, sync, recovery scan. */
package io.qsfs.log;
