package io.qsfs.bench.jmh;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** The program {@code openssl speed} itself: shows that our copy of its loop is as fast as it is. */
final class OpenSslSpeed {
    private static final int TIMEOUT_S = 60;
    private static final String RESULT = "+F:";

    private OpenSslSpeed() {}

    /**
     * Runs {@code openssl speed -evp aes-256-gcm}.
     *
     * @return nanoseconds of one update, or 0 where there is no such program.
     */
    static double nsPerUpdate(int bytes, int seconds) throws InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                "openssl",
                "speed",
                "-mr",
                "-seconds",
                Integer.toString(seconds),
                "-bytes",
                Integer.toString(bytes),
                "-evp",
                "aes-256-gcm");
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        try {
            Process process = builder.start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return 0;
            }
            return output.lines()
                    .filter(line -> line.startsWith(RESULT))
                    .mapToDouble(line -> bytes / Double.parseDouble(line.substring(line.lastIndexOf(':') + 1)) * 1e9)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0; // not installed
        }
    }
}
