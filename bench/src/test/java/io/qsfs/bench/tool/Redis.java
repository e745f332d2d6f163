package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A redis-server without a file, on a port that the kernel picked. */
final class Redis implements AutoCloseable {
    private static final String PROGRAM = "/usr/bin/redis-server";
    private static final int TRIES_MAX = 1000;

    final int port;
    private final String password;
    private final Process process;

    Redis(Path directory, String password) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of(PROGRAM)), PROGRAM + " is not installed: apt-get install redis-server");
        this.password = password;
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = probe.getLocalPort();
        }
        List<String> command = new ArrayList<>(List.of(
                PROGRAM, "--port", "" + port, "--bind", "127.0.0.1", "--dir", directory.toString(), "--save", ""));
        if (!password.isEmpty()) {
            command.addAll(List.of("--requirepass", password));
        }
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("redis.log").toFile())
                .start();
        for (int i = 0; i < TRIES_MAX && process.isAlive(); i++) {
            try {
                ask("PING");
                return;
            } catch (IOException e) {
                Thread.sleep(20);
            }
        }
        throw new IOException("redis-server did not start: " + Files.readString(directory.resolve("redis.log")));
    }

    /** What the server answers to one line, as far as it comes at once. */
    String ask(String line) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2000);
            socket.setSoTimeout(10_000);
            String all = (password.isEmpty() ? "" : "AUTH " + password + "\r\n") + line + "\r\nQUIT\r\n";
            socket.getOutputStream().write(all.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
