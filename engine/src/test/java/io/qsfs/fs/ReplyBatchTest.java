package io.qsfs.fs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: an answer that fails by a bug costs no other request its answer, and gives none a second one. */
class ReplyBatchTest {
    private final List<Long> answered = new ArrayList<>();
    private long broken = 2;
    private final ReplyBatch batch = new ReplyBatch(
            (Replies) Proxy.newProxyInstance(
                    Replies.class.getClassLoader(), new Class<?>[] {Replies.class}, (proxy, method, arguments) -> {
                        answered.add((Long) arguments[0]);
                        if ((Long) arguments[0] == broken) {
                            throw new AssertionError("told to fail");
                        }
                        return null;
                    }),
            inode -> true);

    @Test
    void shouldAnswerEachRequestOnceWhenOneAnswerFails() {
        batch.written(1, 10);
        batch.error(2, Linux.ENOENT);
        batch.written(3, 10);
        assertTrue(batch.holds(3));
        assertFalse(batch.holds(4));
        assertThrows(AssertionError.class, () -> batch.send(0));
        assertTrue(batch.holds(2), "was answered, as far as anybody can know");
        batch.send(Linux.EIO);
        assertEquals(List.of(1L, 2L, 3L), answered);
        assertTrue(batch.isEmpty());
        broken = 0;
        batch.written(5, 1);
        batch.send(0);
        assertEquals(List.of(1L, 2L, 3L, 5L), answered);
    }
}
