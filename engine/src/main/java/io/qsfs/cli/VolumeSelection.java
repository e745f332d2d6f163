package io.qsfs.cli;

import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.mount.LocalVolume;
import io.qsfs.mount.PrintSink;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/**
 * Which volume a command is about.
 *
 * <p>Threading: one thread.
 */
final class VolumeSelection {
    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            description = "Configuration of the volume. Without it: NAME.toml or config.toml in $XDG_CONFIG_HOME/qsfs.")
    private Path config;

    @Option(
            names = "--local",
            description = "The volume for a try: six directories of this user, 4+2, nothing to configure.")
    private boolean isLocal;

    @Option(
            names = "--volume",
            paramLabel = "NAME",
            description = "Name of the volume's configuration, and of a local volume (local).")
    private String name;

    boolean isLocal() {
        return isLocal;
    }

    /** Reads the configuration; makes a local volume that does not exist when {@code mayMake}. */
    VolumeConfig load(Context context, boolean mayMake, PrintSink out) {
        if (config != null && (isLocal || name != null)) {
            throw new QsfsException(
                    "--config is given beside " + (isLocal ? "--local" : "--volume") + ": give one of the two.");
        }
        if (isLocal && mayMake) {
            return LocalVolume.prepare(context.paths(), localName(), context.launcher(), out);
        }
        return VolumeConfig.load(file(context), context.paths());
    }

    String localName() {
        return name == null ? LocalVolume.DEFAULT_NAME : name;
    }

    private Path file(Context context) {
        if (config != null) {
            return config;
        }
        if (isLocal || name != null) {
            return LocalVolume.configFile(context.paths(), localName());
        }
        Path usual = context.paths().config().resolve("config.toml");
        if (!Files.exists(usual)) {
            throw new QsfsException("no volume is named and there is no " + usual
                    + ": use --config FILE, --volume NAME, or --local for a try.");
        }
        return usual;
    }
}
