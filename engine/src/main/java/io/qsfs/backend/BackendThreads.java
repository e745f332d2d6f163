package io.qsfs.backend;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.qsfs.config.QsfsException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that all backends of this process share: {@code epoll-i} for sockets and {@code backend-timer} for deadlines
 * of what no event loop watches. Started by the first backend that is opened, ended with the last one that is closed.
 *
 * <p>Threading: any thread.
 */
final class BackendThreads {
    private static final int EPOLL_THREADS_MAX = 4;
    private static final Object LOCK = new Object();
    private static BackendThreads shared;
    private static int users;

    private final ScheduledThreadPoolExecutor timer;
    private EventLoopGroup eventLoops;

    private BackendThreads() {
        timer = new ScheduledThreadPoolExecutor(1, named("backend-timer"));
        timer.setRemoveOnCancelPolicy(true);
    }

    /** For one backend; goes with one {@link #release}. */
    static BackendThreads acquire() {
        synchronized (LOCK) {
            if (shared == null) {
                shared = new BackendThreads();
            }
            users++;
            return shared;
        }
    }

    /** The backend is closed. Returns at once, the threads end by themselves. */
    void release() {
        synchronized (LOCK) {
            users--;
            if (users > 0) {
                return;
            }
            shared = null;
            timer.shutdownNow();
            if (eventLoops != null) {
                eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            }
        }
    }

    /** Calls {@code action} on {@code backend-timer}; it must be short. @return null after the last backend was closed. */
    ScheduledFuture<?> schedule(Runnable action, long delayNs) {
        try {
            return timer.schedule(action, Math.max(delayNs, 0), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            return null;
        }
    }

    /**
     * Event loops for sockets.
     *
     * @throws QsfsException when the native library cannot be loaded: there is no fall-back.
     */
    EventLoopGroup eventLoops() {
        synchronized (LOCK) {
            if (eventLoops == null) {
                String problem = epollProblem();
                if (!problem.isEmpty()) {
                    throw new QsfsException(problem, Epoll.unavailabilityCause());
                }
                int threads = Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, EPOLL_THREADS_MAX);
                eventLoops = new MultiThreadIoEventLoopGroup(threads, named("epoll-"), EpollIoHandler.newFactory());
            }
            return eventLoops;
        }
    }

    /** Why sockets cannot be used here; empty when they can. */
    static String epollProblem() {
        if (Epoll.isAvailable()) {
            return "";
        }
        return "Netty's native epoll transport cannot be loaded on " + System.getProperty("os.name") + " "
                + System.getProperty("os.arch") + " (" + Epoll.unavailabilityCause() + "), so redis backends cannot be"
                + " used: run on Linux x86_64 with netty-transport-native-epoll on the class path and a java.io.tmpdir"
                + " that allows executable files";
    }

    private static ThreadFactory named(String prefix) {
        AtomicInteger count = new AtomicInteger();
        return action -> {
            String name = prefix.endsWith("-") ? prefix + count.getAndIncrement() : prefix;
            Thread thread = new Thread(action, name);
            thread.setDaemon(true);
            return thread;
        };
    }
}
