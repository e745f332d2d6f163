package io.qsfs.backend;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** A redis-server, as every backend must be. Each test has a prefix of its own on one server. */
class RedisBackendConformanceTest extends BackendConformanceTest {
    private static RedisServer server;
    private static int count;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        server = RedisServer.start(directory.resolve("redis"));
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
    }

    @Override
    BackendSpec freshLocation() {
        String prefix = "t[" + count++ + "]*?^\\-x:"; // all that means something in a pattern
        return BackendSpec.parse(server.address(), Map.of("prefix", prefix));
    }
}
