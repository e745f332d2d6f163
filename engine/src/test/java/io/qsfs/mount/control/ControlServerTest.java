package io.qsfs.mount.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.config.QsfsException;
import io.qsfs.memory.Clock;
import io.qsfs.mount.FakeMount;
import io.qsfs.mount.FlushReport;
import io.qsfs.mount.PrintSink;
import io.qsfs.mount.Progress;
import io.qsfs.mount.StatusReport;
import io.qsfs.mount.UnmountReport;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Talks to the control socket of a mount without an engine: as it should be done, and as it should not. */
@Timeout(60)
class ControlServerTest {
    @TempDir
    Path folder;

    private final FakeMount mount = new FakeMount("/mnt/x");
    private Path socket;
    private ControlServer server;

    @BeforeEach
    void open() {
        socket = folder.resolve("state/control.sock");
        server = ControlServer.open(socket, mount, Clock.SYSTEM);
    }

    @AfterEach
    void close() {
        mount.hold.countDown();
        server.close();
    }

    private <T> T ask(Request request, Class<T> report, PrintSink sink) {
        return ControlClient.ask(socket, request, report, sink, Clock.SYSTEM);
    }

    @Test
    void shouldAnswerWithTheWholeStatus() {
        StatusReport report = ask(Request.status(), StatusReport.class, PrintSink.NONE);
        assertEquals(mount.status, report);
    }

    @Test
    void shouldBeOpenToItsOwnerAlone() throws IOException {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.getParent())));
    }

    @Test
    void shouldHandOnWhatWasAskedAndWhatIsSaidMeanwhile() {
        List<Progress> progress = new ArrayList<>();
        FlushReport report = ask(Request.flush(true), FlushReport.class, new PrintSink() {
            @Override
            public void line(String text) {}

            @Override
            public void warning(String text) {}

            @Override
            public void progress(Progress step) {
                progress.add(step);
            }
        });
        assertEquals(mount.flush, report);
        assertEquals("flush true", mount.lastCall);
        assertEquals(List.of(new Progress("placing", 0, 10 << 20, 1 << 20, 3)), progress);
        ask(Request.unmount(true), UnmountReport.class, PrintSink.NONE);
        assertEquals("unmount true", mount.lastCall);
    }

    @Test
    void shouldThinOutProgress() {
        mount.progressCalls = 100_000;
        int[] count = {0};
        ask(Request.flush(false), FlushReport.class, new PrintSink() {
            @Override
            public void line(String text) {}

            @Override
            public void warning(String text) {}

            @Override
            public void progress(Progress step) {
                count[0]++;
            }
        });
        assertTrue(count[0] >= 1 && count[0] < 100, "shown " + count[0]);
    }

    @Test
    void shouldSayWhyACommandFailed() {
        mount.failure = new QsfsException("the log has stopped: restart.");
        QsfsException failure =
                assertThrows(QsfsException.class, () -> ask(Request.status(), StatusReport.class, PrintSink.NONE));
        assertEquals("the log has stopped: restart.", failure.getMessage());
        mount.failure = new IllegalStateException("bug");
        failure = assertThrows(QsfsException.class, () -> ask(Request.status(), StatusReport.class, PrintSink.NONE));
        assertEquals(
                "the mount failed to answer (java.lang.IllegalStateException: bug): see its log.",
                failure.getMessage());
        mount.failure = null;
        assertEquals(mount.status, ask(Request.status(), StatusReport.class, PrintSink.NONE));
    }

    @Test
    void shouldRefuseGarbage() throws IOException {
        assertEquals("the request is not understood.", refusal("garbage\n"));
        assertEquals("the request is not understood.", refusal("{\"command\":\n"));
        assertEquals("the request is not understood.", refusal("[1,2]\n"));
        assertEquals("the request names no command.", refusal("null\n"));
        assertEquals("the request names no command.", refusal("{}\n"));
        assertEquals("the request is not understood.", refusal("\n"));
        assertEquals(
                "the command is not known: the mount runs another version of qsfs.",
                refusal("{\"command\":\"explode\"}\n"));
        assertEquals("the request is longer than 4096 bytes.", refusal("x".repeat(5000)));
    }

    @Test
    void shouldSurviveRandomBytes() throws IOException {
        long seed = Long.getLong("qsfs.seed", 7);
        Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = new byte[random.nextInt(6000)];
            random.nextBytes(bytes);
            try (SocketChannel channel = connect()) {
                channel.write(ByteBuffer.wrap(bytes));
            } catch (IOException e) {
                continue; // refused before all was written
            }
        }
        assertEquals(mount.status, retried(), "seed " + seed);
    }

    /** Connections of the loop above may still be served. */
    private StatusReport retried() {
        while (true) {
            try {
                return ask(Request.status(), StatusReport.class, PrintSink.NONE);
            } catch (QsfsException e) {
                assertEquals("too many commands at once: try again.", e.getMessage());
            }
        }
    }

    @Test
    void shouldIgnoreHalfALine() throws IOException {
        try (SocketChannel channel = connect()) {
            send(channel, "{\"command\":\"unmo");
            channel.shutdownOutput();
            assertEquals("", received(channel));
        }
        assertEquals("", mount.lastCall);
    }

    @Test
    void shouldTakeALineInPieces() throws Exception {
        try (SocketChannel channel = connect()) {
            for (char c : "{\"command\":\"status\",\"later\":1}\n".toCharArray()) {
                send(channel, String.valueOf(c));
            }
            Message message = Message.decode(received(channel).strip());
            assertEquals(mount.status, Message.JSON.treeToValue(message.result(), StatusReport.class));
        }
    }

    @Test
    void shouldGoOnWhenTheClientLeaves() throws Exception {
        mount.hold = new CountDownLatch(1);
        try (SocketChannel channel = connect()) {
            send(channel, "{\"command\":\"unmount\"}\n");
            while (!mount.lastCall.equals("unmount false")) {
                Thread.onSpinWait();
            }
        }
        mount.hold.countDown();
        assertEquals(UnmountReport.Outcome.PLACED, mount.awaitEnd().outcome());
    }

    @Test
    void shouldServeABoundedNumberAtOnce() throws IOException {
        List<SocketChannel> idle = new ArrayList<>();
        for (int i = 0; i < ControlServer.CONNECTIONS_MAX; i++) {
            idle.add(connect());
        }
        assertEquals("too many commands at once: try again.", refusal(""));
        for (SocketChannel channel : idle) {
            channel.close();
        }
        assertEquals(mount.status, retried());
    }

    @Test
    void shouldReplaceTheSocketOfADeadProcess() {
        server.close();
        assertFalse(Files.exists(socket));
        ControlServer dead = ControlServer.open(socket, mount, Clock.SYSTEM);
        server = ControlServer.open(socket, mount, Clock.SYSTEM);
        assertEquals(mount.status, ask(Request.status(), StatusReport.class, PrintSink.NONE));
        dead.close();
    }

    @Test
    void shouldSayThatNobodyAnswers() {
        server.close();
        QsfsException failure =
                assertThrows(QsfsException.class, () -> ask(Request.status(), StatusReport.class, PrintSink.NONE));
        assertTrue(
                failure.getMessage().startsWith("the mount's control socket " + socket + " does not answer ("),
                failure.getMessage());
    }

    @Test
    void shouldUseAShortNameWhenThePathIsTooLong() {
        Path usual = Control.socket(Path.of("/s"), Path.of("/r"));
        assertEquals(Path.of("/s/control.sock"), usual);
        Path deep = Control.socket(Path.of("/" + "d".repeat(120)), Path.of("/r"));
        assertEquals(Path.of("/r"), deep.getParent());
        assertNull(Message.decode("{\"line\":"));
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        return channel;
    }

    private static void send(SocketChannel channel, String text) throws IOException {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** All that comes until the server closes. */
    private static String received(SocketChannel channel) throws IOException {
        StringBuilder text = new StringBuilder();
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        try {
            while (channel.read(buffer) >= 0) {
                text.append(StandardCharsets.UTF_8.decode(buffer.flip()));
                buffer.clear();
            }
        } catch (SocketException e) {
            return text.toString(); // closed with bytes of ours unread
        }
        return text.toString();
    }

    private String refusal(String text) throws IOException {
        try (SocketChannel channel = connect()) {
            send(channel, text);
            return Message.decode(received(channel).strip()).error();
        }
    }
}
