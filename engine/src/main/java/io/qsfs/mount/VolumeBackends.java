package io.qsfs.mount;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.BackendSpec;
import io.qsfs.backend.Backends;
import io.qsfs.backend.BlockingCompletion;
import io.qsfs.backend.Capacity;
import io.qsfs.backend.Identity;
import io.qsfs.config.VolumeConfig;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.offload.ShardTargets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/** Stand-in until the backend set lands. */
final class VolumeBackends implements ShardTargets, AutoCloseable {
    private final List<Member> members = new ArrayList<>();

    record Member(Backend backend, BackendSpec spec, BackendError error, String why) {
        String kind() {
            return spec.kind().name().toLowerCase(java.util.Locale.ROOT);
        }

        String group() {
            return spec.group();
        }

        String location() {
            return spec.toString();
        }

        String word() {
            return error == BackendError.NONE ? "ok" : "absent";
        }

        String detail() {
            return error == BackendError.NONE ? null : why;
        }

        long freeBytes() {
            return -1;
        }
    }

    VolumeBackends(VolumeConfig config, Clock clock) {
        config.backends().forEach(b -> {
            BackendSpec spec = BackendSpec.of(b);
            Backend backend = Backends.open(spec, clock);
            BlockingCompletion<Identity> done = new BlockingCompletion<>();
            backend.identify(clock.nanoTime() + 5_000_000_000L, done);
            members.add(new Member(backend, spec, done.await(), done.detail()));
        });
    }

    List<Member> members() {
        return members;
    }

    List<Backend> all() {
        return members.stream().map(Member::backend).toList();
    }

    String describeDown() {
        return "some backends are down";
    }

    List<String> warnings() {
        return List.of();
    }

    @Override
    public List<Backend> choose(int count, Set<Id128> holders, Set<Id128> excluded) {
        List<Backend> usable = new ArrayList<>();
        for (Backend b : all()) {
            if (!b.id().isNil() && !excluded.contains(b.id())) {
                usable.add(b);
            }
        }
        Collections.shuffle(usable);
        return usable.subList(0, Math.min(count, usable.size()));
    }

    List<Capacity> capacities(long deadlineNs) {
        List<Capacity> capacities = new ArrayList<>();
        for (Backend b : all()) {
            BlockingCompletion<Capacity> done = new BlockingCompletion<>();
            b.capacity(deadlineNs, done);
            if (done.await() == BackendError.NONE) {
                capacities.add(done.value());
            }
        }
        return capacities;
    }

    @Override
    public void close() {
        all().forEach(Backend::close);
    }
}
