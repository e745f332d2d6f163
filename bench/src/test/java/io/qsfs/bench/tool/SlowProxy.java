package io.qsfs.bench.tool;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stands before a server and makes it slow: answers come later, or requests pass at a limited rate. */
final class SlowProxy implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final int target;
    private final long delayMs;
    private final long bytesPerSecond;

    /** @param bytesPerSecond of requests; 0 for no limit. */
    SlowProxy(int target, long delayMs, long bytesPerSecond) throws IOException {
        this.target = target;
        this.delayMs = delayMs;
        this.bytesPerSecond = bytesPerSecond;
        Thread.ofPlatform().daemon().start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                sockets.add(client);
                sockets.add(server);
                Thread.ofPlatform().daemon().start(() -> pump(client, server, 0, bytesPerSecond));
                Thread.ofPlatform().daemon().start(() -> pump(server, client, delayMs, 0));
            }
        } catch (IOException e) {
            return; // closed
        }
    }

    private static void pump(Socket from, Socket to, long delayMs, long bytesPerSecond) {
        byte[] buffer = new byte[64 << 10];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                Thread.sleep(delayMs + (bytesPerSecond == 0 ? 0 : count * 1000L / bytesPerSecond));
                out.write(buffer, 0, count);
            }
        } catch (IOException e) {
            return; // closed
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
