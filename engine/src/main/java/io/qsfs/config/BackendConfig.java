package io.qsfs.config;

import java.nio.file.Path;

/**
 * One backend.
 *
 * @param name         unique in the volume; from the file, or made from path or address.
 * @param group        name of its group.
 * @param kind         which implementation.
 * @param path         of a {@link Kind#DIR}, absolute; else null.
 * @param host         of a {@link Kind#REDIS}, a name or an address without brackets; else null.
 * @param port         of a {@link Kind#REDIS}; else 0.
 * @param prefix       in front of every key, of a {@link Kind#REDIS}; may be empty.
 * @param database     number for SELECT, of a {@link Kind#REDIS}.
 * @param password     for AUTH, null for none.
 * @param buffered     an acknowledged put is not durable by itself: shards are read back after the grace time.
 * @param bufferedGraceNs how long after its put a shard is read back.
 */
public record BackendConfig(
        String name,
        String group,
        Kind kind,
        Path path,
        String host,
        int port,
        String prefix,
        int database,
        String password,
        boolean buffered,
        long bufferedGraceNs) {
    /** Which implementation. */
    public enum Kind {
        DIR,
        REDIS
    }

    /** Path or address, for people. */
    public String location() {
        if (kind == Kind.DIR) {
            return path.toString();
        }
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    /** Without the password. */
    @Override
    public String toString() {
        return name + " (" + location() + ")";
    }
}
