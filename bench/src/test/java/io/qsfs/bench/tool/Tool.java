package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.qsfs.config.Paths;
import io.qsfs.memory.Clock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Runs commands in this process, and looks at directories. */
final class Tool {
    private Tool() {}

    /** How a command ended. */
    record Ended(int code, String out, String err) {
        /** The one sentence that says why it failed; warnings do not count. */
        String sentence() {
            List<String> sentences =
                    err.lines().filter(line -> !line.startsWith("warning: ")).toList();
            assertEquals(1, sentences.size(), err);
            return sentences.getFirst();
        }
    }

    static Ended run(Path home, String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
        Output output = new Output(outStream, errStream, false, Clock.SYSTEM);
        Paths paths = Paths.of(Map.of("XDG_RUNTIME_DIR", home.resolve("run").toString()), home, "nobody");
        Session session = new Session(paths, output, new Stop(output), Clock.SYSTEM);
        int code = Commands.run(session, outStream, errStream, arguments);
        return new Ended(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** Every file below a directory with its bytes; directories with nothing. */
    static Map<String, List<Byte>> snapshot(Path directory) throws IOException {
        Map<String, List<Byte>> files = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(directory)) {
            for (Path path : walk.toList()) {
                byte[] bytes = Files.isDirectory(path) ? new byte[0] : Files.readAllBytes(path);
                List<Byte> boxed = new java.util.ArrayList<>();
                for (byte b : bytes) {
                    boxed.add(b);
                }
                files.put(directory.relativize(path).toString(), boxed);
            }
        }
        return files;
    }

    /** A command line that starts a program of this class path with its own Java. */
    static List<String> java(String main, String... arguments) {
        List<String> command = new java.util.ArrayList<>(List.of(
                // A job in the background may have SIGINT ignored, and hands that down.
                "env",
                "--default-signal=INT",
                System.getProperty("java.home") + "/bin/java",
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                main));
        command.addAll(List.of(arguments));
        return command;
    }
}
