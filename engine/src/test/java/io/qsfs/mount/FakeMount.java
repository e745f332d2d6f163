package io.qsfs.mount;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;

/** A mount without an engine: answers what a test set, and ends when it is told to. */
public final class FakeMount implements RunningMount {
    public volatile StatusReport status;
    public volatile FlushReport flush = new FlushReport(false, 3 << 20, 0, List.of());
    public volatile EvictReport evict = new EvictReport(7, 100L << 20, 0, null);
    public volatile UnmountReport unmount = new UnmountReport(UnmountReport.Outcome.PLACED, List.of(), List.of(), null);
    public volatile RuntimeException failure;
    public volatile int progressCalls = 1;
    public volatile CountDownLatch hold = new CountDownLatch(0);
    public volatile String lastCall = "";
    private final CompletableFuture<UnmountReport> end = new CompletableFuture<>();

    public FakeMount(String mountPoint) {
        status = exampleStatus(mountPoint);
    }

    public static StatusReport exampleStatus(String mountPoint) {
        return new StatusReport(
                "local",
                "00112233445566778899aabbccddeeff",
                mountPoint,
                ProcessHandle.current().pid(),
                StatusReport.State.RUNNING,
                7_380_000,
                List.of("placed_min = 4 equals minimal_shards."),
                new StatusReport.Redundancy(4, 6, 5, 1, 120, 3, 0),
                new StatusReport.Cache(10L << 30, 1288490189L, 1L << 30, 0, 256 << 20, 12 << 20),
                new StatusReport.Backlog(3, 120 << 20, 40 << 20, 12_000, 2, 1),
                List.of(
                        new StatusReport.Backend(
                                "backend-1",
                                "aa",
                                "dir",
                                "this-machine",
                                "/srv/b1",
                                "ok",
                                null,
                                true,
                                5 << 20,
                                12L << 30,
                                123,
                                9,
                                8,
                                0,
                                0),
                        new StatusReport.Backend(
                                "backend-2",
                                null,
                                "redis",
                                "elsewhere",
                                "192.0.2.1:6379",
                                "unreachable",
                                "connection refused",
                                false,
                                -1,
                                -1,
                                0,
                                0,
                                0,
                                4,
                                1)),
                new StatusReport.Traffic(1, 2, 12 << 20, 34 << 20, 43, 3, 2, 0, 0, 0),
                new StatusReport.Files(20_312, 3L << 30));
    }

    @Override
    public StatusReport status() {
        check("status");
        return status;
    }

    @Override
    public FlushReport flush(boolean local, PrintSink progress) {
        check("flush " + local);
        work(progress);
        return flush;
    }

    @Override
    public EvictReport evict(boolean all, PrintSink progress) {
        check("evict " + all);
        return evict;
    }

    @Override
    public UnmountReport unmount(boolean now, PrintSink progress) {
        check("unmount " + now);
        work(progress);
        if (unmount.outcome() != UnmountReport.Outcome.BUSY) {
            end.complete(unmount);
        }
        return unmount;
    }

    @Override
    public UnmountReport stop(PrintSink progress) {
        check("stop");
        end.complete(unmount);
        return unmount;
    }

    @Override
    public UnmountReport awaitEnd() throws InterruptedException {
        try {
            return end.get();
        } catch (ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    private void work(PrintSink progress) {
        for (int i = 0; i < progressCalls; i++) {
            progress.progress(new Progress("placing", i, 10L << 20, 1 << 20, 3));
        }
        try {
            hold.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void check(String call) {
        lastCall = call;
        if (failure != null) {
            throw failure;
        }
    }
}
