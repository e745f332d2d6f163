package io.qsfs.mount;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.KeySource;
import io.qsfs.config.Paths;
import io.qsfs.config.VolumeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A volume on directories below a temporary one, mounted by the real launcher on the real kernel. */
final class MountRig implements AutoCloseable {
    static final int BACKENDS = 6;

    private final Path root;
    private final LocalLauncher launcher;
    private final Lines lines = new Lines();
    private RunningMount mount;
    private String groups;

    /** What the engine said. */
    static final class Lines implements PrintSink {
        final List<String> said = new ArrayList<>();
        final List<String> warned = new ArrayList<>();

        @Override
        public void line(String text) {
            said.add(text);
        }

        @Override
        public void warning(String text) {
            warned.add(text);
        }

        @Override
        public void progress(Progress progress) {}
    }

    MountRig(Path root) {
        this(root, new LocalLauncher());
    }

    MountRig(Path root, LocalLauncher launcher) {
        this.root = root;
        this.launcher = launcher;
        try {
            for (int i = 1; i <= BACKENDS; i++) {
                Files.createDirectories(backend(i));
            }
            Files.createDirectories(mountPoint());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path backend(int i) {
        return root.resolve("backend-" + i);
    }

    Path mountPoint() {
        return root.resolve("mnt");
    }

    Path state() {
        return root.resolve("state");
    }

    Path keyFile() {
        return root.resolve("volume.key");
    }

    Lines lines() {
        return lines;
    }

    /** Other backends than the directories: the end of the configuration, with k and n in front. */
    MountRig on(String codeAndGroups) {
        groups = codeAndGroups;
        return this;
    }

    /** The configuration, with other keys than the usual ones put in front. */
    VolumeConfig config(String... extra) {
        StringBuilder text = new StringBuilder("name = \"rig\"\nkey_file = \"" + keyFile() + "\"\nstate_dir = \""
                + state() + "\"\nsegment_bytes = \"8MiB\"\n"
                + "recall_cache = \"16MiB\"\nindex_map_bytes = \"1GiB\"\n");
        for (String line : extra) {
            text.append(line).append('\n');
        }
        text.append(groups != null ? groups : directories());
        try {
            Path file = Files.writeString(root.resolve("rig.toml"), text);
            return VolumeConfig.load(file, Paths.of(Map.of("XDG_CONFIG_HOME", root.toString()), root, "tester"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String directories() {
        StringBuilder text = new StringBuilder("minimal_shards = 4\nexpected_shards = 6\n[[groups]]\nname = \"g\"\n");
        for (int i = 1; i <= BACKENDS; i++) {
            text.append("[[groups.backends]]\nname = \"b")
                    .append(i)
                    .append("\"\npath = \"")
                    .append(backend(i))
                    .append("\"\n");
        }
        return text.toString();
    }

    /** The usual configuration with one text in place of another. */
    VolumeConfig configWith(String text, String other) {
        VolumeConfig usual = config();
        try {
            Files.writeString(usual.file(), Files.readString(usual.file()).replace(text, other));
            return VolumeConfig.load(
                    usual.file(), Paths.of(Map.of("XDG_CONFIG_HOME", root.toString()), root, "tester"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    KeySource key() {
        return new KeySource.KeyFile(keyFile());
    }

    InitReport init(String... extra) {
        return launcher.init(config(extra), key(), VolumeLauncher.InitMode.NEW, lines);
    }

    RunningMount mount(String... extra) {
        mount = launcher.mount(config(extra), key(), mountPoint(), MountOptions.DEFAULT, lines);
        return mount;
    }

    /** Mounts by another launcher than the usual one. */
    RunningMount mount(LocalLauncher other) {
        mount = other.mount(config(), key(), mountPoint(), MountOptions.DEFAULT, lines);
        return mount;
    }

    /** Mounts with another state directory than the usual one. */
    RunningMount mountAt(String stateLine) {
        VolumeConfig usual = config();
        try {
            String text = Files.readString(usual.file());
            text = text.replaceFirst("state_dir = [^\n]*", stateLine);
            Files.writeString(usual.file(), text);
            VolumeConfig moved = VolumeConfig.load(
                    usual.file(), Paths.of(Map.of("XDG_CONFIG_HOME", root.toString()), root, "tester"));
            mount = launcher.mount(moved, key(), mountPoint(), MountOptions.DEFAULT, lines);
            return mount;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What is mounted. */
    RunningMount running() {
        return mount;
    }

    RecoverReport recover() {
        return launcher.recover(config(), key(), false, lines);
    }

    RecoverReport recoverAcceptingLoss() {
        return launcher.recover(config(), key(), true, lines);
    }

    RunningMount takeOver() {
        mount = launcher.mount(config(), key(), mountPoint(), new MountOptions(false, false, true, false), lines);
        return mount;
    }

    /** Drops all local bytes that are placed, after placing them. */
    EvictReport evict() {
        return mount.evict(true, PrintSink.NONE);
    }

    UnmountReport unmount() {
        UnmountReport report = mount.unmount(false, PrintSink.NONE);
        mount = null;
        return report;
    }

    static void delete(Path tree) {
        try {
            Files.walkFileTree(tree, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                    Files.delete(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void copy(Path from, Path to) {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Objects of shards of one stream on a backend. */
    List<Path> shards(int backend, String stream) {
        Path directory = backend(backend).resolve("shard").resolve(stream);
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (mount != null) {
            mount.stop(PrintSink.NONE);
        }
        Linux.umount2(mountPoint().toString(), Linux.MNT_DETACH);
    }
}
