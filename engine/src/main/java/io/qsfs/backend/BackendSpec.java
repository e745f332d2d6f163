package io.qsfs.backend;

import io.qsfs.config.BackendConfig;
import io.qsfs.config.QsfsException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a backend is and how it is to be used. Holds no password, only where to find it, but for one that the
 * configuration gave; {@link #toString} shows neither.
 *
 * @param name            for messages; unique in a volume.
 * @param group           backends of one group may fail together.
 * @param kind            which implementation.
 * @param directory       of a {@link Kind#DIR}, absolute; else null.
 * @param host            of a {@link Kind#REDIS}, a name or an address without brackets; else null.
 * @param port            of a {@link Kind#REDIS}; else 0.
 * @param database        number for SELECT.
 * @param username        for AUTH; empty for the default user.
 * @param password        for AUTH.
 * @param prefix          in front of every key of a {@link Kind#REDIS}; may be empty.
 * @param buffered        an acknowledged put is not durable by itself.
 * @param bufferedGraceNs how long after a put to such a backend it must be read back; 0 when not buffered.
 * @param connectTimeoutNs for connecting and the first exchange with a server.
 */
public record BackendSpec(
        String name,
        String group,
        Kind kind,
        Path directory,
        String host,
        int port,
        int database,
        String username,
        BackendPassword password,
        String prefix,
        boolean buffered,
        long bufferedGraceNs,
        long connectTimeoutNs) {
    /** Which implementation. */
    public enum Kind {
        /** A directory. */
        DIR,
        /** A server that speaks RESP. */
        REDIS
    }

    /** Grace of a buffered backend for which none is given: 10 minutes. */
    public static final long BUFFERED_GRACE_DEFAULT_NS = 600_000_000_000L;
    /** Five seconds. */
    public static final long CONNECT_TIMEOUT_DEFAULT_NS = 5_000_000_000L;

    private static final int REDIS_PORT = 6379;
    private static final int PREFIX_LENGTH_MAX = 128;
    private static final Set<String> COMMON_OPTIONS = Set.of("name", "group", "buffered", "buffered_grace");
    private static final Set<String> REDIS_OPTIONS =
            Set.of("username", "password_file", "password_env", "prefix", "connect_timeout");
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

    /** Checks what every kind needs. */
    public BackendSpec {
        if (prefix.length() > PREFIX_LENGTH_MAX || prefix.chars().anyMatch(c -> c < ' ' || c > '~')) {
            throw new QsfsException("backend " + name + ": prefix must be at most " + PREFIX_LENGTH_MAX
                    + " printable ASCII characters, choose another");
        }
        bufferedGraceNs = buffered ? bufferedGraceNs : 0;
    }

    /** A directory with the usual settings. */
    public static BackendSpec directory(String name, String group, Path directory) {
        return new BackendSpec(
                name,
                group,
                Kind.DIR,
                directory.toAbsolutePath().normalize(),
                null,
                0,
                0,
                "",
                BackendPassword.NONE,
                "",
                false,
                0,
                CONNECT_TIMEOUT_DEFAULT_NS);
    }

    /** A server with the usual settings. */
    public static BackendSpec redis(String name, String group, String host, int port) {
        return new BackendSpec(
                name,
                group,
                Kind.REDIS,
                null,
                host,
                port,
                0,
                "",
                BackendPassword.NONE,
                "",
                false,
                0,
                CONNECT_TIMEOUT_DEFAULT_NS);
    }

    /** What a configuration file says. */
    public static BackendSpec of(BackendConfig config) {
        BackendPassword password =
                config.password() == null ? BackendPassword.NONE : BackendPassword.ofText(config.password());
        BackendSpec plain =
                switch (config.kind()) {
                    case DIR -> directory(config.name(), config.group(), config.path());
                    case REDIS -> redis(config.name(), config.group(), config.host(), config.port());
                };
        return new BackendSpec(
                plain.name,
                plain.group,
                plain.kind,
                plain.directory,
                plain.host,
                plain.port,
                config.database(),
                "",
                password,
                config.prefix(),
                config.buffered(),
                config.bufferedGraceNs(),
                plain.connectTimeoutNs);
    }

    /**
     * Parses {@code dir:/path} or {@code redis://host[:port][/database][?option=value&...]}. A directory's path is taken as
     * it is. Options: {@code name}, {@code group}, {@code buffered}, {@code buffered_grace}, and for a server
     * {@code username}, {@code password_file}, {@code password_env}, {@code prefix}, {@code connect_timeout}.
     *
     * @param options go before those in the address.
     * @throws QsfsException naming what is wrong, never a password.
     */
    public static BackendSpec parse(String address, Map<String, String> options) {
        if (address.startsWith("dir:") && address.length() > 4) {
            return parseDirectory(address.substring(4), options);
        }
        if (address.startsWith("redis:")) {
            return parseRedis(address, options);
        }
        throw new QsfsException(
                "a backend's address begins with dir: or redis:, write dir:/path or redis://host:port/database");
    }

    private static BackendSpec parseDirectory(String path, Map<String, String> options) {
        check(options, COMMON_OPTIONS, "dir:" + path);
        BackendSpec spec = directory(
                options.getOrDefault("name", "dir:" + path), options.getOrDefault("group", ""), Path.of(path));
        return spec.withCommon(options);
    }

    private static BackendSpec parseRedis(String address, Map<String, String> options) {
        URI uri;
        try {
            uri = new URI(address);
        } catch (URISyntaxException e) { // its message quotes the address, in which a password may stand
            throw new QsfsException("the address of a redis backend is malformed, write redis://host:port/database");
        }
        if (uri.getRawUserInfo() != null
                || uri.getRawAuthority() != null && uri.getRawAuthority().contains("@")) {
            throw new QsfsException("the address of the redis backend at " + uri.getHost()
                    + " holds a user or a password: remove it and use username, password_file or password_env");
        }
        if (uri.getHost() == null) {
            throw new QsfsException("the address of a redis backend names no host, write redis://host:port/database");
        }
        String host = uri.getHost().startsWith("[") ? uri.getHost().replaceAll("[\\[\\]]", "") : uri.getHost();
        int port = uri.getPort() < 0 ? REDIS_PORT : uri.getPort();
        String place = "redis://" + uri.getHost() + ":" + port + "/" + database(uri);
        Map<String, String> all = new LinkedHashMap<>(query(uri, place));
        all.putAll(options);
        Set<String> known = new java.util.HashSet<>(COMMON_OPTIONS);
        known.addAll(REDIS_OPTIONS);
        check(all, known, place);
        BackendSpec spec = new BackendSpec(
                all.getOrDefault("name", place),
                all.getOrDefault("group", ""),
                Kind.REDIS,
                null,
                host,
                port,
                database(uri),
                all.getOrDefault("username", ""),
                BackendPassword.of(all.get("password_file"), all.get("password_env"), place),
                all.getOrDefault("prefix", ""),
                false,
                0,
                duration(all, "connect_timeout", CONNECT_TIMEOUT_DEFAULT_NS, place));
        return spec.withCommon(all);
    }

    private BackendSpec withCommon(Map<String, String> options) {
        String flag = options.getOrDefault("buffered", "false");
        if (!flag.equals("true") && !flag.equals("false")) {
            throw new QsfsException("backend " + name + ": buffered is \"" + flag + "\", write true or false");
        }
        boolean isBuffered = flag.equals("true");
        if (options.containsKey("buffered_grace") && !isBuffered) {
            throw new QsfsException(
                    "backend " + name + ": buffered_grace is set without buffered = true, set both or none");
        }
        return buffered(isBuffered, duration(options, "buffered_grace", BUFFERED_GRACE_DEFAULT_NS, name));
    }

    /** The same backend, buffered or not. */
    public BackendSpec buffered(boolean isBuffered, long graceNs) {
        return new BackendSpec(
                name,
                group,
                kind,
                directory,
                host,
                port,
                database,
                username,
                password,
                prefix,
                isBuffered,
                graceNs,
                connectTimeoutNs);
    }

    /** The same backend with this password. */
    public BackendSpec password(BackendPassword other) {
        return new BackendSpec(
                name,
                group,
                kind,
                directory,
                host,
                port,
                database,
                username,
                other,
                prefix,
                buffered,
                bufferedGraceNs,
                connectTimeoutNs);
    }

    private static int database(URI uri) {
        String path = uri.getPath() == null ? "" : uri.getPath().replaceFirst("^/", "");
        if (path.isEmpty()) {
            return 0;
        }
        if (!path.matches("[0-9]{1,5}")) {
            throw new QsfsException("the redis backend at " + uri.getHost() + " has \"" + path
                    + "\" for its database, write a number as in redis://host:port/0");
        }
        return Integer.parseInt(path);
    }

    private static Map<String, String> query(URI uri, String place) {
        Map<String, String> found = new LinkedHashMap<>();
        if (uri.getRawQuery() == null) {
            return found;
        }
        for (String pair : uri.getRawQuery().split("&")) {
            int equals = pair.indexOf('=');
            if (equals <= 0) {
                throw new QsfsException("backend " + place + ": an option has no value, write option=value");
            }
            String value =
                    java.net.URLDecoder.decode(pair.substring(equals + 1), java.nio.charset.StandardCharsets.UTF_8);
            if (found.put(pair.substring(0, equals), value) != null) {
                throw new QsfsException(
                        "backend " + place + ": option " + pair.substring(0, equals) + " is given twice, keep one");
            }
        }
        return found;
    }

    private static void check(Map<String, String> options, Set<String> known, String place) {
        for (String key : options.keySet()) {
            if (key.equals("password")) {
                throw new QsfsException("backend " + place
                        + ": a password is not given in an address, use password_file or password_env");
            }
            if (!known.contains(key)) {
                throw new QsfsException("backend " + place + ": unknown option " + key + ", known are "
                        + String.join(", ", new java.util.TreeSet<>(known)));
            }
        }
    }

    private static long duration(Map<String, String> options, String key, long otherwiseNs, String place) {
        String text = options.get(key);
        if (text == null) {
            return otherwiseNs;
        }
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new QsfsException("backend " + place + ": " + key + " is \"" + text
                    + "\", write a number and ms, s, m or h, as in 30s");
        }
        long unitNs =
                switch (matcher.group(2)) {
                    case "ms" -> 1_000_000L;
                    case "s" -> 1_000_000_000L;
                    case "m" -> 60_000_000_000L;
                    default -> 3_600_000_000_000L;
                };
        try {
            return Math.multiplyExact(Long.parseLong(matcher.group(1)), unitNs);
        } catch (ArithmeticException e) {
            throw new QsfsException("backend " + place + ": " + key + " is \"" + text + "\", which is too long");
        }
    }

    /** Path or address, for people; without options. */
    public String location() {
        return switch (kind) {
            case DIR -> "dir:" + directory;
            case REDIS -> "redis://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port + "/" + database;
        };
    }

    /** Without user and password. */
    @Override
    public String toString() {
        return name.equals(location()) ? name : name + " (" + location() + ")";
    }
}
