package io.qsfs.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Where qsfs keeps things for its user, by the XDG base directory rules; root too.
 *
 * @param home    the user's.
 * @param config  configuration and key files: {@code $XDG_CONFIG_HOME/qsfs}, {@code ~/.config/qsfs}.
 * @param data    backends of a local volume: {@code $XDG_DATA_HOME/qsfs}, {@code ~/.local/share/qsfs}.
 * @param state   state directories: {@code $XDG_STATE_HOME/qsfs}, {@code ~/.local/state/qsfs}.
 * @param runtime which mounts run: {@code $XDG_RUNTIME_DIR/qsfs}, {@code /run/qsfs} for root, {@code /run/user/UID/qsfs}, or
 *                {@code /tmp/qsfs-USER}.
 */
public record Paths(Path home, Path config, Path data, Path state, Path runtime) {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    /** For the user who runs this process. */
    public static Paths ofUser() {
        Path home = absolute(System.getenv("HOME"));
        return of(
                System.getenv(),
                home == null ? Path.of(System.getProperty("user.home")) : home,
                System.getProperty("user.name"));
    }

    /**
     * For an environment. A variable that is not an absolute path is ignored, as the rules say.
     *
     * @param home used where a variable is not set.
     * @param user name of the user.
     */
    public static Paths of(Map<String, String> environment, Path home, String user) {
        return new Paths(
                home,
                base(environment, "XDG_CONFIG_HOME", home.resolve(".config")),
                base(environment, "XDG_DATA_HOME", home.resolve(".local/share")),
                base(environment, "XDG_STATE_HOME", home.resolve(".local/state")),
                runtime(environment, user));
    }

    /**
     * A path of a configuration file: one that begins with {@code ~/}, {@code $XDG_CONFIG_HOME/}, {@code $XDG_DATA_HOME/} or
     * {@code $XDG_STATE_HOME/} lies there (set or not), any other absolute or from {@code folder}.
     */
    Path expand(String text, Path folder) {
        if (text.equals("~")) {
            return home;
        }
        int slash = text.indexOf('/');
        String rest = text.substring(slash + 1);
        Path base =
                switch (slash < 0 ? "" : text.substring(0, slash)) {
                    case "~" -> home;
                    case "$XDG_CONFIG_HOME" -> config.getParent();
                    case "$XDG_DATA_HOME" -> data.getParent();
                    case "$XDG_STATE_HOME" -> state.getParent();
                    default -> null;
                };
        return (base == null ? folder.resolve(text) : base.resolve(rest)).normalize();
    }

    private static Path base(Map<String, String> environment, String variable, Path otherwise) {
        Path set = absolute(environment.get(variable));
        return (set == null ? otherwise : set).resolve("qsfs");
    }

    private static Path runtime(Map<String, String> environment, String user) {
        Path set = absolute(environment.get("XDG_RUNTIME_DIR"));
        if (set != null) {
            return set.resolve("qsfs");
        }
        if (user.equals("root")) {
            return Path.of("/run/qsfs");
        }
        Path ofLogin = ownDirectoryIn(Path.of("/run/user"), user);
        return ofLogin != null ? ofLogin.resolve("qsfs") : Path.of("/tmp/qsfs-" + user);
    }

    /** A login makes {@code /run/user/UID}; Java does not know the UID, so look for the one that the user owns. */
    private static Path ownDirectoryIn(Path parent, String user) {
        if (!Files.isDirectory(parent)) {
            return null;
        }
        try (Stream<Path> children = Files.list(parent)) {
            return children.filter(child -> isOwnedBy(child, user)).findFirst().orElse(null);
        } catch (IOException e) {
            return null; // not readable: as good as absent
        }
    }

    private static boolean isOwnedBy(Path path, String user) {
        try {
            return Files.getOwner(path).getName().equals(user);
        } catch (IOException e) {
            return false; // gone between listing and asking
        }
    }

    private static Path absolute(String value) {
        if (value == null || !value.startsWith("/")) {
            return null;
        }
        return Path.of(value).normalize();
    }

    /**
     * Runtime directories to look for mounts in: this user's, then where others keep theirs. A mount made with another
     * {@code XDG_RUNTIME_DIR} is found that way.
     */
    public List<Path> runtimeCandidates() {
        Set<Path> candidates = new LinkedHashSet<>();
        candidates.add(runtime);
        candidates.add(Path.of("/run/qsfs"));
        Path perUser = Path.of("/run/user");
        if (Files.isDirectory(perUser)) {
            try (Stream<Path> children = Files.list(perUser)) {
                children.forEach(child -> candidates.add(child.resolve("qsfs")));
            } catch (IOException e) {
                return List.copyOf(candidates); // what is not readable is not ours
            }
        }
        return List.copyOf(candidates);
    }

    /**
     * Makes a directory that its owner alone may enter, with its parents.
     *
     * @throws QsfsException when that fails, or another user owns it: a stranger's directory in {@code /tmp} must not be used.
     */
    public static Path makePrivate(Path directory) {
        try {
            Files.createDirectories(directory.getParent());
            if (!Files.isDirectory(directory)) {
                Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            }
            PosixFileAttributes attributes = Files.readAttributes(directory, PosixFileAttributes.class);
            String user = System.getProperty("user.name");
            if (!attributes.owner().getName().equals(user) && !user.equals("root")) {
                throw new QsfsException(
                        directory + " belongs to " + attributes.owner().getName() + ", not to " + user
                                + ": remove it, or set XDG_RUNTIME_DIR to a directory of yours.");
            }
            return directory;
        } catch (IOException e) {
            throw new QsfsException(
                    directory + " cannot be made (" + Failures.reason(e)
                            + "): check its parent's owner and mode, or set the XDG_* variables.",
                    e);
        }
    }
}
