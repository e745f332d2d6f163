package io.qsfs.mount;

import io.qsfs.config.Failures;
import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import io.qsfs.mount.control.ControlClient;
import io.qsfs.mount.control.Message;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A mount in the background. The parent starts the same program as a child in a session of its own and relays what it says, one
 * {@link Message} a line on the child's standard output, until the mount is up or has failed. The child's standard error, and
 * its log, go to {@code qsfs.log} in the state directory.
 *
 * <p>Threading: stateless.
 */
public final class DetachedMount {
    /** Name of the log in the state directory. */
    public static final String LOG_NAME = "qsfs.log";

    private static final int LINE_CHARS_MAX = 64 << 10;
    private static final Path SETSID = Path.of("/usr/bin/setsid");

    private DetachedMount() {}

    /** The mount failed before it was up. */
    public static final class StartFailedException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int exit;

        StartFailedException(String sentence, int exit) {
            super(sentence);
            this.exit = exit;
        }

        /** Exit code of the child. */
        public int exit() {
            return exit;
        }
    }

    /**
     * Starts a child and returns when its mount is up.
     *
     * @param mainClass  of the program.
     * @param arguments  of the child, with absolute paths: it runs in {@code /}.
     * @param passphrase written to the child's standard input; null for none.
     * @return the child's pid.
     * @throws StartFailedException with what the child said.
     */
    public static long start(
            String mainClass, List<String> arguments, char[] passphrase, Path stateDir, PrintSink out) {
        Path log = Paths.makePrivate(stateDir).resolve(LOG_NAME);
        ProcessBuilder builder = new ProcessBuilder(command(mainClass, arguments, stateDir))
                .directory(Path.of("/").toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        try {
            Process child = builder.start();
            send(child, passphrase);
            return relay(child, log, out);
        } catch (IOException e) {
            throw new QsfsException(
                    "the mount process cannot be started (" + Failures.reason(e)
                            + "): mount without --detach to see more.",
                    e);
        }
    }

    private static List<String> command(String mainClass, List<String> arguments, Path stateDir) {
        List<String> command = new ArrayList<>();
        if (Files.isExecutable(SETSID)) {
            command.add(SETSID.toString()); // a terminal that closes must not take the mount with it
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!flag.startsWith("-agentlib:")
                    && !flag.startsWith("-javaagent:")
                    && !flag.startsWith("-XX:ErrorFile=")) {
                command.add(flag);
            }
        }
        command.add("-XX:ErrorFile=" + stateDir.resolve("jvm-crash.log"));
        command.add("-Dqsfs.log.file=" + stateDir.resolve(LOG_NAME));
        command.add("-cp");
        command.add(absolute(System.getProperty("java.class.path")));
        command.add(mainClass);
        command.addAll(arguments);
        return command;
    }

    private static String absolute(String classPath) {
        List<String> entries = new ArrayList<>();
        for (String entry : classPath.split(":")) {
            entries.add(Path.of(entry).toAbsolutePath().toString());
        }
        return String.join(":", entries);
    }

    private static void send(Process child, char[] passphrase) throws IOException {
        try (OutputStream in = child.getOutputStream()) {
            if (passphrase == null) {
                return;
            }
            ByteBuffer utf8 = StandardCharsets.UTF_8.encode(CharBuffer.wrap(passphrase));
            in.write(utf8.array(), 0, utf8.limit());
            in.write('\n');
            Arrays.fill(utf8.array(), (byte) 0);
        } catch (IOException e) {
            if (child.isAlive()) {
                throw e;
            }
        }
    }

    private static long relay(Process child, Path log, PrintSink out) throws IOException {
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
        String stray = null;
        String line;
        while ((line = lines.readLine()) != null) {
            Message message = line.length() > LINE_CHARS_MAX ? null : Message.decode(line);
            if (message == null) {
                stray = line; // of the JVM, before the program ran
            } else if (message.error() != null) {
                throw new StartFailedException(message.error(), Math.max(1, message.exit()));
            } else if (message.result() != null) {
                return child.pid();
            } else {
                ControlClient.pass(message, out);
            }
        }
        throw new StartFailedException(
                "the mount process ended before the mount was up" + (stray == null ? "" : " (" + stray + ")") + ": see "
                        + log + ".",
                1);
    }

    /**
     * The child's side: says everything as messages on standard output until the mount is up or has failed.
     *
     * <p>Threading: the main thread of the child.
     */
    public static final class Child implements PrintSink {
        private final PrintStream out;
        private boolean isOver;

        /** @param out standard output, closed when there is no more to say. */
        public Child(PrintStream out) {
            this.out = out;
        }

        /** The mount is up: the parent returns. Standard output leads nowhere from now on. */
        public void up() {
            finish(Message.result(true));
        }

        /** The mount failed; does nothing after {@link #up}. */
        public void failed(String sentence, int exit) {
            finish(Message.error(sentence, exit));
        }

        private void finish(Message message) {
            if (!isOver) {
                say(message);
                isOver = true;
                out.close(); // the JDK leads a closed standard stream to /dev/null
            }
        }

        private void say(Message message) {
            if (!isOver) {
                out.println(message.encode());
                out.flush();
            }
        }

        @Override
        public void line(String text) {
            say(Message.line(text));
        }

        @Override
        public void warning(String text) {
            say(Message.warning(text));
        }

        @Override
        public void progress(Progress progress) {
            say(Message.progress(progress));
        }
    }
}
