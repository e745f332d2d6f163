package io.qsfs.bench.tool;

import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/**
 * Which qsfs this is.
 *
 * <p>Threading: stateless.
 */
final class Versions {
    private static final String WRITTEN_BY_MAVEN = "/META-INF/maven/io.qsfs/qsfs-engine/pom.properties";

    private Versions() {}

    /** Version of the engine. */
    static String qsfs() {
        try (InputStream in = QsfsException.class.getResourceAsStream(WRITTEN_BY_MAVEN)) {
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

    /** Commit of the checkout, as the launcher says. */
    static String commit() {
        return System.getProperty("qsfs.commit", "unknown");
    }
}
