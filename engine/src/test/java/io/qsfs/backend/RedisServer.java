package io.qsfs.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A redis-server of the machine with its files in a directory of the test, on a port that the kernel picked. It is stopped by
 * {@link #close}, and when the JVM ends before that.
 */
public final class RedisServer implements AutoCloseable {
    private static final String PROGRAM = "/usr/bin/redis-server";
    private static final int STARTS_MAX = 5;
    private static final long START_WAIT_MS_MAX = 20_000;
    private static final long END_WAIT_S = 20;

    private final Path directory;
    private final List<String> options;
    private final Thread atExit = new Thread(this::end, "stop-redis-server");
    private int port;
    private Process process;

    private RedisServer(Path directory, List<String> options) {
        this.directory = directory;
        this.options = options;
    }

    /** Skips the test, with the reason, where there is none. */
    public static void assumeInstalled() {
        assumeTrue(Files.isExecutable(Path.of(PROGRAM)), PROGRAM + " is not installed: apt-get install redis-server");
    }

    /**
     * Starts one whose acknowledged puts are durable.
     *
     * @param directory for its files, made when missing.
     * @param options after the usual ones, which they override.
     */
    public static RedisServer start(Path directory, String... options) throws IOException, InterruptedException {
        assumeInstalled();
        RedisServer server = new RedisServer(Files.createDirectories(directory), List.of(options));
        Runtime.getRuntime().addShutdownHook(server.atExit);
        for (int i = 1; ; i++) {
            try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                server.port = probe.getLocalPort();
            }
            try {
                server.launch();
                return server;
            } catch (IOException e) { // another process may have taken the port meanwhile
                server.end();
                if (i == STARTS_MAX) {
                    throw e;
                }
            }
        }
    }

    private void launch() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                PROGRAM, "--port", Integer.toString(port), "--bind", "127.0.0.1", "--dir", directory.toString()));
        command.addAll(List.of("--appendonly", "yes", "--appendfsync", "always", "--save", ""));
        command.addAll(List.of("--maxmemory-policy", "noeviction", "--daemonize", "no"));
        command.addAll(options);
        Path log = directory.resolve("redis.log");
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        for (long waitedMs = 0; waitedMs < START_WAIT_MS_MAX && process.isAlive(); waitedMs += 20) {
            if (answers()) {
                return;
            }
            Thread.sleep(20);
        }
        throw new IOException("redis-server did not start on port " + port + ":\n" + Files.readString(log));
    }

    private boolean answers() {
        try {
            String answer = command("PING");
            return answer.startsWith("+PONG") || answer.startsWith("-NOAUTH");
        } catch (IOException e) {
            return false;
        }
    }

    public int port() {
        return port;
    }

    /** Its address with nothing behind it. */
    String address() {
        return "redis://127.0.0.1:" + port;
    }

    /** Sends one command on a connection of its own; the first line of the reply. */
    String command(String... words) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2000);
            socket.setSoTimeout(5000);
            StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
            for (String word : words) {
                text.append('$')
                        .append(word.length())
                        .append("\r\n")
                        .append(word)
                        .append("\r\n");
            }
            socket.getOutputStream().write(text.toString().getBytes(StandardCharsets.ISO_8859_1));
            InputStream in = socket.getInputStream();
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int b = in.read(); b >= 0 && b != '\r'; b = in.read()) {
                line.write(b);
            }
            return line.toString(StandardCharsets.UTF_8);
        }
    }

    /** SIGKILL, and waits until it is gone. */
    void kill9() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor(END_WAIT_S, TimeUnit.SECONDS);
    }

    /** On the port and the files that it had. */
    void restart() throws IOException, InterruptedException {
        launch();
    }

    /** SIGSTOP: the kernel still takes connections and bytes for it. */
    public void pause() throws IOException, InterruptedException {
        signal("-STOP");
    }

    /** SIGCONT. */
    public void resume() throws IOException, InterruptedException {
        signal("-CONT");
    }

    private void signal(String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", signal, Long.toString(process.pid())).start();
        assertEquals(0, kill.waitFor(), "kill " + signal + " " + process.pid());
    }

    private void end() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly(); // SIGKILL ends a stopped one too
            try {
                running.waitFor(END_WAIT_S, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        end();
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
