package io.qsfs.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Goal: no key of the configuration is read and then forgotten. Method: whatever a configuration holds is asked for by a class
 * outside of this package. What each does then, the tests of those classes show.
 */
class ConfigEffectTest {
    private static final Path SOURCES = Path.of("src", "main", "java", "io", "qsfs");

    private static String everythingElse() throws IOException {
        StringBuilder text = new StringBuilder();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(
                            file -> file.toString().endsWith(".java") && !file.startsWith(SOURCES.resolve("config")))
                    .toList()) {
                text.append(Files.readString(file));
            }
        }
        return text.toString();
    }

    @Test
    void shouldUseEveryKey() throws IOException {
        String sources = everythingElse();
        List<String> unused = new ArrayList<>();
        for (Class<?> type : List.of(VolumeConfig.class, VolumeConfig.Group.class, BackendConfig.class)) {
            for (RecordComponent component : type.getRecordComponents()) {
                String call = component.getName() + "()";
                boolean isUsed = sources.contains("config." + call) || sources.contains("config()." + call);
                if (!isUsed && !isUsedThroughAnother(component.getName())) {
                    unused.add(type.getSimpleName() + "." + call);
                }
            }
        }
        assertEquals(List.of(), unused);
    }

    /** Read in this package for others: the code, all backends in a row, and the secret. */
    private static boolean isUsedThroughAnother(String component) {
        return List.of("groups", "keyFile", "passphraseFile").contains(component);
    }

    /** A key that the reader knows and the record lacks would have no effect either. */
    @Test
    void shouldHaveAPlaceForEveryKey() {
        // file, parsed warnings; a secret's two keys and the three ways to say a backend's place are components, too
        assertEquals(
                Schema.VOLUME.size(),
                VolumeConfig.class.getRecordComponents().length
                        - List.of("file", "warnings").size());
    }
}
