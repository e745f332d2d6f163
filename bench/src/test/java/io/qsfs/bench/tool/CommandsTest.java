package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.config.Paths;
import io.qsfs.mount.control.MountRegistry;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: commands do what they say, from the command line to the files. Method: run them in small. */
@Timeout(300)
class CommandsTest {
    @TempDir
    Path folder;

    private String file(String name, Report report) {
        Path file = folder.resolve(name);
        report.write(file);
        return file.toString();
    }

    @Test
    void shouldExitWithOneWhenSomethingFell() {
        String before = file("before.json", Reports.full(1));
        String after = file("after.json", Reports.full(0.7));
        Path html = folder.resolve("both.html");
        Tool.Ended fell = Tool.run(folder, "compare", before, after, "--html", html.toString());
        assertEquals(1, fell.code());
        assertTrue(fell.out().contains("2 figures are in both runs: 1 fell, 0 rose, 1 are the same"), fell.out());
        assertTrue(Files.exists(html));
        assertEquals(0, Tool.run(folder, "compare", after, before).code(), "what rose is no failure");
        assertEquals(0, Tool.run(folder, "compare", before, before).code());
        assertEquals(
                1,
                Tool.run(folder, "compare", before, folder.resolve("none").toString())
                        .code());
    }

    @Test
    void shouldMeasureTheCodec() {
        Path json = folder.resolve("c.json");
        Tool.Ended ended = Tool.run(
                folder,
                "codec",
                "--quick",
                "--rounds",
                "1",
                "--codes",
                "2+1",
                "--chunks",
                "256KiB",
                "--json",
                json.toString());
        assertEquals(0, ended.code(), ended.err());
        Report report = Report.read(json);
        assertTrue(report.metric("codec/seal/2+1/256KiB/lz4/mixed/throughput").median() > 0);
        double random = report.metric("codec/seal/2+1/256KiB/lz4/random/stored").median();
        double mixed = report.metric("codec/seal/2+1/256KiB/lz4/mixed/stored").median();
        assertEquals(1.5, random, 0.02, "what does not get smaller is stored n / k times");
        assertTrue(mixed < 1.2, "mixed data gets smaller: " + mixed);
        assertTrue(report.findings().getFirst().contains("any 1 of 3 backends may be lost"));
        assertEquals(1, Tool.run(folder, "codec", "--codes", "4-2").code());
        assertEquals(1, Tool.run(folder, "codec", "--chunks", "100KiB").code());
    }

    @Test
    void shouldMakeATour() {
        Tool.Ended ended = Tool.run(folder, "--quick", "--rounds", "1");
        assertEquals(0, ended.code(), ended.toString());
        assertTrue(ended.out().contains("What else there is"), ended.out());
        String place = ended.out().lines().findFirst().orElseThrow().replaceAll(".* in (.*)\\.$", "$1");
        assertFalse(Files.exists(Path.of(place)), place);
    }

    /** A mount that says which backends it uses, and one that says nothing. */
    @Test
    void shouldWarnOfBackendsThatAMountUses() throws Exception {
        Path used = Files.createDirectory(folder.resolve("used"));
        Path socket = folder.resolve("s");
        Paths paths = Paths.of(Map.of("XDG_RUNTIME_DIR", folder.resolve("run").toString()), folder, "nobody");
        new MountRegistry(paths)
                .put(MountRegistry.Entry.ofThisProcess(folder.resolve("mnt"), "vol", folder.resolve("state"), socket));
        String[] command = {
            "backends",
            "--dir",
            used.toString(),
            "--rounds",
            "1",
            "--step",
            "10ms",
            "--sizes",
            "4KiB",
            "--concurrency",
            "1",
            "--space",
            "16MiB"
        };
        assertTrue(Tool.run(folder, command).err().contains("warning: the mount of volume vol on"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> answer(server, used));
            Tool.Ended ended = Tool.run(folder, command);
            assertEquals(0, ended.code(), ended.err());
            assertTrue(
                    ended.err().contains("warning: backend dir-1 is used by the mount of volume vol on"), ended.err());
        }
    }

    private static void answer(ServerSocketChannel server, Path used) {
        String answer =
                "{\"result\":{\"volume\":\"vol\",\"backends\":[{\"name\":\"x\",\"location\":\"" + used + "\"}]}}\n";
        try (SocketChannel client = server.accept()) {
            client.read(ByteBuffer.allocate(4096));
            client.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
