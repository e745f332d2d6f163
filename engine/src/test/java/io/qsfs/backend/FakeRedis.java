package io.qsfs.backend;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A server that takes commands as Redis does and answers what the test says. */
final class FakeRedis implements AutoCloseable {
    /** Writes the answer. */
    interface Answer {
        void write(List<String> command, OutputStream out) throws Exception;
    }

    private final ServerSocket listener = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Answer answer;

    FakeRedis(Answer answer) throws IOException {
        this.answer = answer;
        start(this::accept);
    }

    private static void start(Runnable body) {
        Thread thread = new Thread(body, "fake-redis");
        thread.setDaemon(true);
        thread.start();
    }

    BackendSpec spec() {
        return BackendSpec.redis("fake", "", "127.0.0.1", listener.getLocalPort());
    }

    /** Answers as a durable server with this identity would; false for any other command. */
    static boolean greets(List<String> command, OutputStream out, Identity identity) throws IOException {
        if (command.get(0).equals("CONFIG")) {
            String setting = command.get(2);
            String value =
                    setting.equals("appendonly") ? "yes" : setting.equals("appendfsync") ? "always" : "noeviction";
            write(
                    out,
                    "*2\r\n$" + setting.length() + "\r\n" + setting + "\r\n$" + value.length() + "\r\n" + value
                            + "\r\n");
            return true;
        }
        if (command.get(0).equals("GET")) {
            write(out, "$" + Identity.BYTES + "\r\n");
            out.write(identity.encode());
            write(out, "\r\n");
            return true;
        }
        return false;
    }

    static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listener.accept();
                sockets.add(socket);
                start(() -> serve(socket));
            }
        } catch (IOException e) {
            return; // closed
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            while (true) {
                int count = Integer.parseInt(line(in).substring(1));
                List<String> command = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    int length = Integer.parseInt(line(in).substring(1));
                    command.add(new String(in.readNBytes(length), StandardCharsets.ISO_8859_1));
                    in.skipNBytes(2);
                }
                answer.write(command, socket.getOutputStream());
            }
        } catch (Exception e) {
            return; // the other side hung up, or the test ended
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("end");
            }
            line.append(b == '\r' ? "" : (char) b);
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
