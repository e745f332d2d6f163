package io.qsfs.mount.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.qsfs.config.Failures;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Clock;
import io.qsfs.mount.PrintSink;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a running mount.
 *
 * <p>Threading: one thread.
 */
public final class ControlClient {
    private static final int MESSAGE_BYTES_MAX = 16 << 20;
    private static final long WRITE_TIMEOUT_NS = 10_000_000_000L;

    private static final Logger LOG = LoggerFactory.getLogger(ControlClient.class);

    private ControlClient() {}

    /**
     * Sends a request, hands on what the mount says meanwhile, and returns its result. Waits as long as it takes.
     *
     * @param report the record that the command returns.
     */
    public static <T> T ask(Path socket, Request request, Class<T> report, PrintSink sink, Clock clock) {
        SocketChannel channel;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new QsfsException(
                    "the mount's control socket " + socket + " does not answer (" + Failures.reason(e)
                            + "): run the command as the user who mounted.",
                    e);
        }
        try (Lines lines = new Lines(channel, MESSAGE_BYTES_MAX, clock)) {
            send(lines, Message.JSON.writeValueAsString(request));
            while (true) {
                String line = lines.read(0);
                if (line == null) {
                    throw new QsfsException("the mount ended before it answered: see qsfs.log in its state directory.");
                }
                Message message = Message.decode(line);
                if (message == null) {
                    throw new QsfsException(
                            "the mount's answer is not understood: it runs another version of qsfs, mount again.");
                }
                if (message.error() != null) {
                    throw new QsfsException(message.error());
                }
                if (message.result() != null) {
                    return Message.JSON.treeToValue(message.result(), report);
                }
                pass(message, sink);
            }
        } catch (JsonProcessingException e) {
            throw new QsfsException(
                    "the mount's answer is not understood: it runs another version of qsfs, mount again.", e);
        } catch (IOException e) {
            throw new QsfsException(
                    "the mount ended before it answered (" + Failures.reason(e)
                            + "): see qsfs.log in its state directory.",
                    e);
        }
    }

    /** A mount that has too many clients answers without listening: then the answer is there although this fails. */
    private static void send(Lines lines, String request) {
        try {
            lines.write(request, WRITE_TIMEOUT_NS);
        } catch (IOException e) {
            LOG.debug("request not sent: {}", e.toString());
        }
    }

    /** Hands a message on that is neither result nor error. */
    public static void pass(Message message, PrintSink sink) {
        if (message.line() != null) {
            sink.line(message.line());
        } else if (message.warning() != null) {
            sink.warning(message.warning());
        } else if (message.progress() != null) {
            sink.progress(message.progress());
        }
    }
}
