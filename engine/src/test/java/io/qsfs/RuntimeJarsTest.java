package io.qsfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** Reads the class version of everything on the class path: qsfs runs on Java 22, and a library may quietly want more. */
class RuntimeJarsTest {
    /** Of Java 22. */
    private static final int CLASS_VERSION_MAX = 66;

    private static final int MAGIC = 0xCAFEBABE;

    @Test
    void shouldRunOnJava22() throws IOException {
        List<String> tooNew = new ArrayList<>();
        int jars = 0;
        for (String entry : System.getProperty("java.class.path").split(":")) {
            Path path = Path.of(entry);
            if (entry.endsWith(".jar") && Files.exists(path)) {
                jars++;
                check(path, tooNew);
            }
        }
        assertTrue(jars > 5, "the class path has jars");
        assertEquals(List.of(), tooNew);
    }

    private static void check(Path jar, List<String> tooNew) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            for (JarEntry entry : Collections.list(file.entries())) {
                // Classes below META-INF/versions/N are looked at by Java N and newer alone.
                boolean isRead = entry.getName().endsWith(".class")
                        && !entry.getName().startsWith("META-INF/versions/")
                        && !entry.getName().endsWith("module-info.class");
                if (isRead) {
                    int version = version(file.getInputStream(entry));
                    if (version > CLASS_VERSION_MAX) {
                        tooNew.add(jar.getFileName() + ": " + entry.getName() + " has class version " + version);
                        return;
                    }
                }
            }
        }
    }

    private static int version(InputStream in) throws IOException {
        try (DataInputStream data = new DataInputStream(in)) {
            if (data.readInt() != MAGIC) {
                return 0;
            }
            data.readUnsignedShort();
            return data.readUnsignedShort();
        }
    }
}
