package io.qsfs.mount.control;

import java.nio.file.Path;

/**
 * Where the control socket of a volume lies.
 *
 * <p>Threading: stateless.
 */
public final class Control {
    /** A socket's address has room for 107 bytes; one is needed for the name that it is bound under. */
    private static final int SOCKET_PATH_BYTES_MAX = 106;

    private Control() {}

    /** {@code control.sock} in the state directory, or a short name in the runtime directory when that path is too long. */
    public static Path socket(Path stateDir, Path runtime) {
        Path usual = stateDir.resolve("control.sock");
        if (usual.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length <= SOCKET_PATH_BYTES_MAX) {
            return usual;
        }
        return runtime.resolve("%08x.sock".formatted(stateDir.hashCode()));
    }
}
