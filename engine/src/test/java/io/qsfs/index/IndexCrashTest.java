package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Goal: when the process is killed, the next one trusts the index, and it is a state that was committed. Method: a
 * child makes records of a known row, commits and says so; it is killed at some moment; the same row up to the applied
 * sequence makes another index, which is compared.
 */
class IndexCrashTest {
    private static final int KILLS = 4;
    private static final int BATCH = 100;

    @Test
    void shouldBeAStateThatWasCommittedWhenTheProcessIsKilled() throws Exception {
        Path directory = IndexFixture.temporaryDirectory();
        Assumptions.assumeTrue(
                Linux.mountIdUnique(directory.toString()) > 0,
                "this kernel has no unique mount ids: nothing is trusted");
        Random random = new Random();
        for (int i = 0; i < KILLS; i++) {
            long said = runAndKill(directory, random.nextInt(400));
            check(directory, said);
        }
        IndexFixture.delete(directory);
    }

    private static long runAndKill(Path directory, int afterMs) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(a -> a.startsWith("--"))
                .forEach(command::add);
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), Child.class.getName(), directory.toString()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        long said = -1;
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            String line;
            while ((line = out.readLine()) != null) {
                if (!line.matches("[0-9]+")) {
                    continue; // the child's own log
                }
                if (said < 0) {
                    Thread.sleep(afterMs);
                    process.toHandle().destroyForcibly(); // the process itself would close its stream too
                }
                said = Long.parseLong(line);
            }
        }
        process.waitFor();
        assertTrue(said >= 0, "the child said nothing");
        return said;
    }

    private static void check(Path directory, long said) {
        RecordCheck same = (position, sequence, length, crc) -> RecordCheck.Answer.SAME;
        try (Index index = Index.open(IndexFixture.context(directory).withRecordCheck(same));
                IndexFixture other = new IndexFixture()) {
            assertEquals(Index.Origin.TRUSTED, index.origin(), index.reason());
            long applied = index.writer().appliedSequence();
            assertTrue(applied >= said, applied + " after " + said);
            assertEquals(0, applied % BATCH);
            while (other.writer.appliedSequence() < applied) {
                assertEquals(0, next(other.writer, other.log));
            }
            assertEquals(0, other.writer.commit());
            assertEquals(IndexFixture.dump(other.writer), IndexFixture.dump(index.writer()));
        }
    }

    /** Record number n + 1 of the row, whoever makes it. */
    private static int next(IndexWriter writer, RecordLog log) {
        long n = log.sequence;
        log.timeNs = RecordLog.START_NS + n;
        int length = n % 2 == 0
                ? log.make(1, 2 + n, 0100644, "f" + n, "")
                : log.write(1 + n, 0, 10_240 + (n % 1000) * 1024, 100, 0);
        return log.apply(writer, length);
    }

    /** The child: arguments are the directory of the index. */
    static final class Child {
        private static final long RECORDS_MAX = 10_000_000;

        private Child() {}

        public static void main(String[] arguments) {
            RecordCheck same = (position, sequence, length, crc) -> RecordCheck.Answer.SAME;
            IndexContext context = IndexFixture.context(Path.of(arguments[0])).withRecordCheck(same);
            try (Index index = Index.open(context)) {
                IndexWriter writer = index.writer();
                RecordLog log = new RecordLog();
                log.sequence = writer.appliedSequence();
                log.position = Math.max(log.position, writer.appliedEnd());
                if (index.recordIdentity(List.of()) != 0) {
                    return;
                }
                while (log.sequence < RECORDS_MAX) {
                    int rc = next(writer, log);
                    log.taken.clear();
                    if (rc == 0 && log.sequence % BATCH == 0) {
                        rc = writer.commit();
                        System.out.println(log.sequence);
                    }
                    if (rc != 0) {
                        return;
                    }
                }
            }
        }
    }
}
