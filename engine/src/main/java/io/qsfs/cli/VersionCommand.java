package io.qsfs.cli;

import io.qsfs.bindings.NativeLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * {@code qsfs version}.
 *
 * <p>Threading: one thread.
 */
@Command(name = "version", description = "Show the version, the Java and the libraries that it runs on.")
final class VersionCommand implements Callable<Integer> {
    private static final String WRITTEN_BY_MAVEN = "/META-INF/maven/io.qsfs/qsfs-engine/pom.properties";

    private final Printer printer;

    VersionCommand(Printer printer) {
        this.printer = printer;
    }

    @Override
    public Integer call() {
        printer.result("qsfs " + version());
        printer.result("Java " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")");
        for (NativeLibrary library :
                List.of(NativeLibrary.FUSE, NativeLibrary.ISAL, NativeLibrary.CRYPTO, NativeLibrary.LMDB)) {
            printer.result(library.isAvailable() ? library.soname() : library.unavailabilityCause());
        }
        return ExitCode.OK;
    }

    static String version() {
        try (InputStream in = VersionCommand.class.getResourceAsStream(WRITTEN_BY_MAVEN)) {
            if (in == null) {
                return "(not packaged)";
            }
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version", "(unknown)");
        } catch (IOException e) {
            return "(unknown)";
        }
    }
}
