package io.qsfs.mount;

import io.qsfs.config.Failures;
import io.qsfs.config.KeySource;
import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A volume for trying qsfs out: nothing to configure, all backends are directories of the user.
 *
 * <p>Threading: stateless.
 */
public final class LocalVolume {
    /** Name of the volume when none is given. */
    public static final String DEFAULT_NAME = "local";

    private static final int DATA_SHARDS = 4;
    private static final int PARITY_SHARDS = 2;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

    private LocalVolume() {}

    /** The configuration file of a local volume. */
    public static Path configFile(Paths paths, String name) {
        checkName(name);
        return paths.config().resolve(name + ".toml");
    }

    /** The key file of a local volume. */
    public static Path keyFile(Paths paths, String name) {
        checkName(name);
        return paths.config().resolve(name + ".key");
    }

    /**
     * Reads the configuration of a local volume, and makes the volume when it does not exist. The configuration gets its name
     * last: where it stands, the volume is whole.
     *
     * @return the configuration.
     */
    public static VolumeConfig prepare(Paths paths, String name, VolumeLauncher launcher, PrintSink out) {
        Path file = configFile(paths, name);
        if (Files.exists(file)) {
            return VolumeConfig.load(file, paths);
        }
        Path key = keyFile(paths, name);
        Path data = paths.data().resolve(name);
        refuseForeignData(data, key, file);
        Paths.makePrivate(paths.config());
        Paths.makePrivate(paths.data());
        Paths.makePrivate(data);
        for (int i = 1; i <= DATA_SHARDS + PARITY_SHARDS; i++) {
            Paths.makePrivate(data.resolve("backend-" + i));
        }
        Path unfinished = paths.config().resolve(name + ".toml.new");
        write(unfinished, text(name));
        VolumeConfig config = VolumeConfig.load(unfinished, paths);
        InitReport report = launcher.init(config, new KeySource.KeyFile(key), VolumeLauncher.InitMode.CONTINUE, out);
        report.warnings().forEach(out::warning);
        publish(unfinished, file);
        out.line("made volume \"" + name + "\" (" + config.code() + ", so any " + PARITY_SHARDS
                + " of six backends may be lost): six directories in " + data + ", configuration " + file);
        out.line("its key is " + key + ": keep a copy elsewhere, without it nothing can be read back");
        out.line("all six directories lie on this machine, which is good for a try; config.example.toml shows others");
        return VolumeConfig.load(file, paths);
    }

    private static void checkName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new QsfsException("volume name \"" + name
                    + "\" cannot be used: take up to 63 letters, digits, dots, hyphens and underscores.");
        }
    }

    /** Backends that hold something while the key is gone: a new key would make their content unreadable for good. */
    private static void refuseForeignData(Path data, Path key, Path config) {
        if (Files.exists(key)) {
            return;
        }
        for (int i = 1; i <= DATA_SHARDS + PARITY_SHARDS; i++) {
            Path backend = data.resolve("backend-" + i);
            if (!isEmpty(backend)) {
                throw new QsfsException(backend + " holds data of a volume, and its key " + key + " and configuration "
                        + config + " are gone: put your copies back, or remove " + data + " to begin anew.");
            }
        }
    }

    private static boolean isEmpty(Path directory) {
        if (!Files.exists(directory)) {
            return true;
        }
        try (Stream<Path> children = Files.list(directory)) {
            return children.findAny().isEmpty();
        } catch (IOException e) {
            throw new QsfsException(
                    directory + " cannot be read (" + Failures.reason(e) + "): check its owner and mode.", e);
        }
    }

    /** Without absolute paths, so that a moved home directory still mounts. */
    private static String text(String name) {
        StringBuilder text = new StringBuilder();
        text.append("# Made by qsfs mount --local. config.example.toml explains every key.\n");
        text.append("name = \"").append(name).append("\"\n");
        text.append("key_file = \"").append(name).append(".key\"\n");
        text.append("minimal_shards = ").append(DATA_SHARDS).append('\n');
        text.append("expected_shards = ").append(DATA_SHARDS + PARITY_SHARDS).append('\n');
        text.append("\n[[groups]]\nname = \"this-machine\"\n");
        for (int i = 1; i <= DATA_SHARDS + PARITY_SHARDS; i++) {
            String backend = "backend-" + i;
            text.append("\n[[groups.backends]]\nname = \"").append(backend).append("\"\n");
            text.append("path = \"$XDG_DATA_HOME/qsfs/")
                    .append(name)
                    .append('/')
                    .append(backend)
                    .append("\"\n");
        }
        return text.toString();
    }

    private static void write(Path file, String text) {
        Set<StandardOpenOption> options =
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(file, options)) {
            ByteBuffer left = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        } catch (IOException e) {
            throw new QsfsException(file + " cannot be written (" + Failures.reason(e) + "): make room for it.", e);
        }
    }

    private static void publish(Path unfinished, Path file) {
        try {
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel directory = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
                directory.force(true);
            }
        } catch (IOException e) {
            throw new QsfsException(file + " cannot be written (" + Failures.reason(e) + "): check its directory.", e);
        }
    }
}
