package io.qsfs.bench.tool;

/**
 * What a stage of the pipeline did with its time; the three shares add up to 1.
 *
 * @param stage         its name.
 * @param busy          at work.
 * @param waitingInput  had nothing to do.
 * @param waitingOutput could not hand on what it had.
 * @param detail        a few words, such as the time of one put; may be empty.
 */
public record StageShare(String stage, double busy, double waitingInput, double waitingOutput, String detail) {}
