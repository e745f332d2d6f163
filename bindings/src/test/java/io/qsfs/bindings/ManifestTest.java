package io.qsfs.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What jextract wrote, and what it wrote it from, are those of one run of the script. */
class ManifestTest {
    @Test
    void shouldMatchInputsAndOutputs() throws IOException, NoSuchAlgorithmException {
        Path root = Project.root();
        Map<String, String> listed = new TreeMap<>();
        for (String line : Files.readAllLines(root.resolve("native-headers/MANIFEST.sha256"))) {
            String[] parts = line.split(" {2}", 2);
            listed.put(parts[1], parts[0]);
        }
        Map<String, String> found = new TreeMap<>();
        try (Stream<Path> headers = Files.list(root.resolve("native-headers"));
                Stream<Path> generated = Files.walk(root.resolve("bindings/src/main/generated"))) {
            for (Path file : (Iterable<Path>) Stream.concat(headers, generated)::iterator) {
                String name = file.getFileName().toString();
                if (name.endsWith(".args") || name.endsWith(".h") || name.endsWith(".java")) {
                    found.put(root.relativize(file).toString(), sha256(file));
                }
            }
        }
        assertEquals(listed, found, "run scripts/generate-bindings and commit all that it writes");
    }

    private static String sha256(Path file) throws IOException, NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }
}
