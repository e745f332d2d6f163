package io.qsfs.fs;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ChangeMarksTest {
    private final ChangeMarks marks = new ChangeMarks();

    @Test
    void shouldKnowAChangeUntilItsBatchIsCommitted() {
        assertFalse(marks.isChanged(7));
        marks.mark(7);
        assertTrue(marks.isChanged(7));
        assertFalse(marks.isChanged(8));
        marks.committed();
        assertFalse(marks.isChanged(7));
    }

    @Test
    void shouldKnowAChangeOfTheNextBatchAfterACommit() {
        marks.mark(7);
        marks.committed();
        marks.mark(7);
        assertTrue(marks.isChanged(7));
        marks.committed();
        assertFalse(marks.isChanged(7));
    }

    @Test
    void shouldExpectAChangeUntilTheNextCommitAndTakeNoMarkBack() {
        marks.expect(7);
        assertTrue(marks.isChanged(7));
        marks.committed();
        assertFalse(marks.isChanged(7));
        marks.mark(7);
        marks.expect(7);
        assertTrue(marks.isChanged(7));
        marks.committed();
        assertFalse(marks.isChanged(7));
    }
}
