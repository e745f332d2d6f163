package io.qsfs.bench.tool;

import io.qsfs.backend.BackendSpec;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/**
 * Which backends a command is about.
 *
 * <p>Threading: one thread.
 */
final class BackendOptions {
    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            description = "The backends, and the settings, of this configuration of qsfs.")
    private Path config;

    @Option(names = "--dir", paramLabel = "DIR", description = "An existing directory; may be given several times.")
    private List<Path> directories = List.of();

    @Option(
            names = "--redis",
            paramLabel = "HOST:PORT[/DATABASE]",
            description = "A redis server; may be given several times. Options as in an address of qsfs:"
                    + " ?password_file=FILE or ?password_env=NAME, prefix=, username=.")
    private List<String> servers = List.of();

    /** The configuration; null without one. */
    VolumeConfig load(Session session) {
        return config == null ? null : VolumeConfig.load(config, session.paths());
    }

    boolean isEmpty() {
        return config == null && directories.isEmpty() && servers.isEmpty();
    }

    /** The backends of the configuration, then those that were named. */
    List<BackendSpec> targets(VolumeConfig volume) {
        List<BackendSpec> targets = new ArrayList<>();
        if (volume != null) {
            volume.backends().forEach(backend -> targets.add(BackendSpec.of(backend)));
        }
        int number = 0;
        for (Path directory : directories) {
            targets.add(BackendSpec.directory("dir-" + ++number, "given", directory));
        }
        number = 0;
        for (String server : servers) {
            String address = server.startsWith("redis://") ? server : "redis://" + server;
            targets.add(BackendSpec.parse(address, Map.of("name", "redis-" + ++number, "group", "given")));
        }
        if (targets.isEmpty()) {
            throw new QsfsException("no backend is named: give --config FILE, --dir DIR or --redis HOST:PORT.");
        }
        return targets;
    }
}
