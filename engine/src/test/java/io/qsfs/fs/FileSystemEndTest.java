package io.qsfs.fs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: a bug in one answer repeats no other, and who closes hears whether the single writer has ended. */
@Timeout(60)
class FileSystemEndTest {
    private static final long BROKEN = 2;

    @TempDir
    Path directory;

    private final List<Long> answered = new CopyOnWriteArrayList<>();
    private final CountDownLatch all = new CountDownLatch(3);
    private final Replies replies = (Replies) Proxy.newProxyInstance(
            Replies.class.getClassLoader(), new Class<?>[] {Replies.class}, (proxy, method, arguments) -> {
                answered.add((Long) arguments[0]);
                all.countDown();
                if ((Long) arguments[0] == BROKEN) {
                    throw new AssertionError("told to fail");
                }
                return null;
            });
    private final ParkedReads.Interrupts interrupts = new ParkedReads.Interrupts() {
        @Override
        public void watch(long request, Runnable onInterrupt) {}

        @Override
        public void unwatch(long request) {}
    };

    @Test
    void shouldAnswerEachFsyncOnceWhenOneAnswerFails() throws Exception {
        VolumeRig rig = new VolumeRig(directory, replies, interrupts);
        try (Arena arena = Arena.ofShared()) {
            RequestHandler handler = rig.fileSystem().newHandler(0, arena, null);
            rig.sync();
            CountDownLatch published = new CountDownLatch(1);
            rig.fileSystem().submit(() -> {
                try {
                    published.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            for (long request = 1; request <= 3; request++) {
                handler.sync(request);
            }
            published.countDown();
            all.await();
            assertFalse(rig.fileSystem().hasEnded());
            handler.close();
        } finally {
            rig.close();
        }
        assertTrue(rig.fileSystem().hasEnded());
        assertEquals(List.of(1L, 2L, 3L), answered);
    }
}
