package io.qsfs.backend;

import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The backends of one volume: each watched, each asked again from time to time while it is away, so that one that comes back is
 * used without anybody's doing.
 *
 * <p>Threading: opened and closed by one thread; everything else from any. Probes run on {@code backend-timer}.
 */
public final class BackendSet implements AutoCloseable {
    private static final long PROBE_EVERY_NS = 2_000_000_000L;
    private static final long PROBE_DEADLINE_NS = 5_000_000_000L;
    private static final long SLOW_NS = 1_000_000_000L;
    private static final Logger LOG = LoggerFactory.getLogger(BackendSet.class);

    private final List<Member> members;
    private volatile Id128 volumeId;
    private final Clock clock;
    private final BackendThreads threads;
    private final List<Consumer<Backend>> returnListeners = new CopyOnWriteArrayList<>();
    private volatile ScheduledFuture<?> nextProbe;
    private volatile boolean isClosed;

    private BackendSet(List<Member> members, Id128 volumeId, Clock clock) {
        this.members = List.copyOf(members);
        this.volumeId = volumeId;
        this.clock = clock;
        this.threads = BackendThreads.acquire();
    }

    /**
     * Opens backends; waits for nothing.
     *
     * @param volumeId the volume that they belong to; NIL when that is not known yet: then each is taken as it is.
     * @param inFlightMax puts in flight to each.
     */
    public static BackendSet open(List<BackendSpec> specs, Id128 volumeId, int inFlightMax, Clock clock) {
        List<Member> members = new ArrayList<>();
        try {
            for (BackendSpec spec : specs) {
                members.add(new Member(new TrackedBackend(Backends.open(spec, clock), clock, inFlightMax), spec));
            }
        } catch (RuntimeException e) {
            members.forEach(member -> member.backend().close());
            throw e;
        }
        return new BackendSet(members, volumeId, clock);
    }

    /** One backend and what is known of it. Threading: any thread. */
    public static final class Member {
        private final Backend backend;
        private final BackendSpec spec;
        private volatile Identity identity;
        private volatile BackendError identifyError = BackendError.UNREACHABLE;
        private volatile String identifyDetail = "it has not answered yet";
        private volatile Capacity capacity = Capacity.CANNOT_TELL;
        private volatile boolean isProbed;

        private Member(Backend backend, BackendSpec spec) {
            this.backend = backend;
            this.spec = spec;
        }

        /** The watched backend. */
        public Backend backend() {
            return backend;
        }

        /** Where it is. */
        public BackendSpec spec() {
            return spec;
        }

        /** Who it said it is; null before. */
        public Identity identity() {
            return identity;
        }

        /** NONE when it is a backend of this volume. */
        public BackendError identifyError() {
            return identifyError;
        }

        /** What came back instead. */
        public String identifyDetail() {
            return identifyDetail;
        }

        /** Space as it was told last. */
        public Capacity capacity() {
            return capacity;
        }

        /** One word for people: ok, slow, full, unreachable, absent, foreign, denied, not-durable, corrupt. */
        public String word() {
            if (identifyError != BackendError.NONE) {
                return word(identifyError);
            }
            Health health = backend.health();
            if (health.full()) {
                return "full";
            }
            if (health.state() == Health.State.DOWN) {
                return word(health.lastError());
            }
            return health.putLatencyEwmaNs() > SLOW_NS || health.getLatencyEwmaNs() > SLOW_NS ? "slow" : "ok";
        }

        private static String word(BackendError error) {
            return switch (error) {
                case ABSENT -> "absent";
                case FOREIGN -> "foreign";
                case DENIED -> "denied";
                case NOT_DURABLE -> "not-durable";
                case CORRUPT -> "corrupt";
                case FULL -> "full";
                case NONE, UNREACHABLE, NOT_FOUND, EXISTS, TIMEOUT, CLOSED -> "unreachable";
            };
        }

        /** A sentence; null when it is ok. */
        public String detail() {
            if (identifyError != BackendError.NONE) {
                return identifyDetail;
            }
            return word().equals("ok") ? null : backend.health().lastDetail();
        }

        /**
         * A location that was ours and where another backend lies now, a wrong disk, may be ours again. One that was another
         * volume's from the beginning is left alone.
         */
        private boolean mayReturn() {
            return identifyError != BackendError.FOREIGN || identity != null;
        }

        private boolean isUsable() {
            return identifyError == BackendError.NONE && backend.health().isReadable();
        }
    }

    /** Asks all who they are, at once, and waits for the answers until the time is over; begins to probe those that are away. */
    public void identifyAll(long timeoutNs) {
        CountDownLatch answers = new CountDownLatch(members.size());
        for (Member member : members) {
            identify(member, timeoutNs, answers::countDown);
        }
        await(answers, timeoutNs);
        if (nextProbe == null) { // asked again, after an init: one chain of probes is enough
            scheduleProbe();
        }
    }

    /** The volume has become known: members of another one are foreign from here on, and nothing is asked of them or put there. */
    public void belongTo(Id128 volume) {
        volumeId = volume;
        for (Member member : members) {
            Identity identity = member.identity;
            if (identity != null && !identity.volume().equals(volume)) {
                note(member, identity, BackendError.NONE, "");
            }
        }
    }

    private void identify(Member member, long timeoutNs, Runnable then) {
        member.isProbed = true;
        member.backend.identify(clock.nanoTime() + timeoutNs, (identity, error, detail) -> {
            note(member, identity, error, detail);
            member.isProbed = false;
            then.run();
        });
    }

    private void note(Member member, Identity identity, BackendError error, String detail) {
        boolean isForeign = error == BackendError.NONE
                && !volumeId.isNil()
                && !identity.volume().equals(volumeId);
        if (isForeign) {
            member.identifyDetail = "its identity says volume " + identity.volume();
            member.identifyError = BackendError.FOREIGN;
            return;
        }
        boolean wasAway = member.identifyError != BackendError.NONE;
        if (error == BackendError.NONE) {
            member.identity = identity;
        }
        member.identifyDetail = detail;
        member.identifyError = error;
        if (error == BackendError.NONE && wasAway) {
            for (Consumer<Backend> listener : returnListeners) {
                listener.accept(member.backend);
            }
        }
    }

    /** {@code listener} is told on a thread of the backends when one that was away answers again; it must not block. */
    public void onReturn(Consumer<Backend> listener) {
        returnListeners.add(listener);
    }

    private void scheduleProbe() {
        if (!isClosed) {
            nextProbe = threads.schedule(this::probe, PROBE_EVERY_NS);
        }
    }

    private void probe() {
        try {
            for (Member member : members) {
                if (!member.isUsable() && !member.isProbed && member.mayReturn()) {
                    boolean wasDown = member.identifyError == BackendError.NONE;
                    identify(member, PROBE_DEADLINE_NS, () -> {
                        if (wasDown && member.isUsable()) {
                            LOG.info("backend {} answers again", member.spec.name());
                            returnListeners.forEach(listener -> listener.accept(member.backend));
                        }
                    });
                }
            }
        } finally {
            scheduleProbe();
        }
    }

    /** All members in the order of the configuration. */
    public List<Member> members() {
        return members;
    }

    /** All backends in the order of the configuration, there or not. */
    public List<Backend> all() {
        return members.stream().map(Member::backend).toList();
    }

    /** Those of this volume that answer. */
    public List<Backend> usable() {
        return members.stream().filter(Member::isUsable).map(Member::backend).toList();
    }

    /** Asks those that answer for their space, at once, and waits for it until the time is over. */
    public List<Capacity> capacities(long timeoutNs) {
        List<Member> asked = members.stream().filter(Member::isUsable).toList();
        CountDownLatch answers = new CountDownLatch(asked.size());
        for (Member member : asked) {
            member.backend.capacity(clock.nanoTime() + timeoutNs, (capacity, error, detail) -> {
                if (error == BackendError.NONE) {
                    member.capacity = capacity;
                }
                answers.countDown();
            });
        }
        await(answers, timeoutNs);
        return asked.stream().map(Member::capacity).toList();
    }

    private static void await(CountDownLatch answers, long timeoutNs) {
        try {
            // A backend that breaks its word about deadlines is left behind; its answer is noted when it comes.
            answers.await(timeoutNs + timeoutNs / 4, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        isClosed = true;
        ScheduledFuture<?> probe = nextProbe;
        if (probe != null) {
            probe.cancel(false);
        }
        members.forEach(member -> member.backend.close());
        threads.release();
    }
}
