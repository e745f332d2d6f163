package io.qsfs.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Goal: a point that is armed ends the process at the arrival named, every other one does nothing; each lies in the code. */
class FailpointTest {
    private static final int KILLED = 128 + 9;

    @Test
    void shouldEndTheProcessAtTheArrivalNamed() throws Exception {
        assertEquals("1\n2\n", said(KILLED, "-Dqsfs.failpoint=SYNC_DONE:3"));
        assertEquals("1\n2\n3\n4\n", said(0, "-Dqsfs.failpoint=SYNC_DONE:5"));
        assertEquals("1\n2\n3\n4\n", said(0, "-Dqsfs.failpoint=SYNC_BEGUN:1"));
        assertEquals("1\n2\n3\n4\n", said(0));
    }

    private static String said(int code, String... flags) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(a -> a.startsWith("--"))
                .forEach(command::add);
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Child.class.getName()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String said = new String(process.getInputStream().readAllBytes());
        assertEquals(code, process.waitFor());
        return said;
    }

    @Test
    void shouldLieInTheCodeEachInOneOrMorePlaces() throws IOException {
        Set<String> found = new TreeSet<>();
        try (Stream<Path> files = Files.walk(Path.of("src", "main", "java"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                Matcher matcher =
                        Pattern.compile("Failpoint\\.(\\w+)\\.hit\\(\\);").matcher(Files.readString(file));
                while (matcher.find()) {
                    found.add(matcher.group(1));
                }
            }
        }
        assertEquals(
                Arrays.stream(Failpoint.values()).map(Enum::name).collect(Collectors.toCollection(TreeSet::new)),
                found);
    }

    /** The child comes by four times. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            for (int i = 1; i <= 4; i++) {
                Failpoint.SYNC_DONE.hit();
                System.out.println(i);
                System.out.flush();
            }
        }
    }
}
