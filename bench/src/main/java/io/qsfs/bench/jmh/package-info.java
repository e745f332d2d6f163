/** What each stage costs, measured beside its roof: the JMH suite that {@code scripts/jmh} runs. */
package io.qsfs.bench.jmh;
