package io.qsfs.mount.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.qsfs.config.Failures;
import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Clock;
import io.qsfs.mount.PrintSink;
import io.qsfs.mount.Progress;
import io.qsfs.mount.RunningMount;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the commands of this mount on a Unix domain socket that its owner alone may open.
 *
 * <p>Threading: a thread {@code control} accepts, one thread a connection answers, at most {@link #CONNECTIONS_MAX} at once.
 * {@link #close} may be called by any.
 */
public final class ControlServer implements AutoCloseable {
    /** Connections served at once; one more is told to come back. */
    static final int CONNECTIONS_MAX = 16;

    static final int REQUEST_BYTES_MAX = 4096;
    private static final long REQUEST_TIMEOUT_NS = 10_000_000_000L;
    private static final long WRITE_TIMEOUT_NS = 10_000_000_000L;
    private static final long PROGRESS_EVERY_NS = 250_000_000L;
    private static final long CLOSE_TIMEOUT_MS = 5_000;
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    private final Path socket;
    private final ServerSocketChannel server;
    private final RunningMount mount;
    private final Clock clock;
    private final Semaphore free = new Semaphore(CONNECTIONS_MAX);

    private ControlServer(Path socket, ServerSocketChannel server, RunningMount mount, Clock clock) {
        this.socket = socket;
        this.server = server;
        this.mount = mount;
        this.clock = clock;
    }

    /**
     * Opens the socket and begins to answer. A file of that name is replaced: whoever runs the mount has the volume's lock, so
     * it belonged to a process that is gone.
     *
     * @param socket in a directory that is made private to its owner.
     */
    public static ControlServer open(Path socket, RunningMount mount, Clock clock) {
        Paths.makePrivate(socket.getParent());
        try {
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                // Bound under another name, so that nobody can connect before the mode is set.
                Path hidden = socket.resolveSibling("." + socket.getFileName());
                Files.deleteIfExists(hidden);
                server.bind(UnixDomainSocketAddress.of(hidden));
                Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rw-------"));
                Files.move(
                        hidden,
                        socket,
                        java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException | RuntimeException e) {
                server.close();
                throw e;
            }
            ControlServer control = new ControlServer(socket, server, mount, clock);
            Thread.ofPlatform().daemon().name("control").start(control::accept);
            return control;
        } catch (IOException e) {
            throw new QsfsException(
                    "control socket " + socket + " cannot be made (" + Failures.reason(e)
                            + "): check the owner and mode of its directory.",
                    e);
        }
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel channel = server.accept();
                boolean isServed = free.tryAcquire();
                Thread.ofPlatform().daemon().name("control-connection").start(() -> serve(channel, isServed));
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                LOG.warn("control socket {}: accept failed: {}", socket, e.toString());
                pause(); // out of descriptors, most likely
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve(SocketChannel channel, boolean isServed) {
        try (channel; // closed also when the rest cannot even begin, so that no client waits for ever
                Lines lines = new Lines(channel, REQUEST_BYTES_MAX, clock)) {
            Client client = new Client(lines);
            client.send(isServed ? answer(lines, client) : Message.error("too many commands at once: try again.", 1));
        } catch (IOException e) {
            LOG.debug("control connection ended: {}", e.toString());
        } catch (Throwable e) { // Throwable on purpose: a command must not take the mount down with it.
            LOG.error("control command failed", e);
        } finally {
            if (isServed) {
                free.release();
            }
        }
    }

    private Message answer(Lines lines, Client client) throws IOException {
        String line;
        try {
            line = lines.read(REQUEST_TIMEOUT_NS);
        } catch (Lines.LineTooLongException e) {
            return Message.error("the request is longer than " + REQUEST_BYTES_MAX + " bytes.", 1);
        }
        if (line == null) {
            throw new IOException("no request");
        }
        Request request;
        try {
            request = Message.JSON.readValue(line, Request.class);
        } catch (JsonProcessingException e) {
            return Message.error("the request is not understood.", 1);
        }
        if (request == null || request.command() == null) {
            return Message.error("the request names no command.", 1);
        }
        try {
            return switch (request.command()) {
                case Request.STATUS -> Message.result(mount.status());
                case Request.FLUSH -> Message.result(mount.flush(request.local(), client));
                case Request.EVICT -> Message.result(mount.evict(request.all(), client));
                case Request.UNMOUNT -> Message.result(mount.unmount(request.now(), client));
                default -> Message.error("the command is not known: the mount runs another version of qsfs.", 1);
            };
        } catch (QsfsException e) {
            return Message.error(e.getMessage(), 1);
        } catch (RuntimeException e) {
            LOG.error("command {} failed", request.command(), e);
            return Message.error("the mount failed to answer (" + e + "): see its log.", 1);
        }
    }

    /** Stops answering new commands and removes the socket; those that run get a moment to send their result. */
    @Override
    public void close() {
        try {
            server.close();
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.debug("control socket {} not removed: {}", socket, e.toString());
        }
        try {
            if (!free.tryAcquire(CONNECTIONS_MAX, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
                LOG.debug("commands still run at the end of the mount");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * The other end of a connection. One that does not read is left alone: what was asked for goes on.
     *
     * <p>Threading: the thread that runs the command.
     */
    private final class Client implements PrintSink {
        private final Lines lines;
        private boolean isGone;
        private boolean hasProgress;
        private long progressSentNs;

        Client(Lines lines) {
            this.lines = lines;
        }

        void send(Message message) {
            if (isGone) {
                return;
            }
            try {
                lines.write(message.encode(), WRITE_TIMEOUT_NS);
            } catch (IOException e) {
                isGone = true;
                LOG.debug("control client is gone: {}", e.toString());
            }
        }

        @Override
        public void line(String text) {
            send(Message.line(text));
        }

        @Override
        public void warning(String text) {
            send(Message.warning(text));
        }

        @Override
        public void progress(Progress progress) {
            long nowNs = clock.nanoTime();
            if (hasProgress && nowNs - progressSentNs < PROGRESS_EVERY_NS) {
                return;
            }
            hasProgress = true;
            progressSentNs = nowNs;
            send(Message.progress(progress));
        }
    }
}
