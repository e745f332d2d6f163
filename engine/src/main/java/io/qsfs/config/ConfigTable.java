package io.qsfs.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * One table of a configuration file: takes values out of it and complains in one sentence.
 *
 * <p>Threading: one thread, while the file is read.
 */
final class ConfigTable {
    private final Path file;
    private final Paths paths;
    private final TomlLines lines;
    private final String path;
    private final ObjectNode node;

    /**
     * @param path  of the table in the file, empty for the file itself.
     * @param known keys that it may have.
     */
    ConfigTable(Path file, Paths paths, TomlLines lines, String path, ObjectNode node, List<String> known) {
        this.file = file;
        this.paths = paths;
        this.lines = lines;
        this.path = path;
        this.node = node;
        Iterator<String> keys = node.fieldNames();
        while (keys.hasNext()) {
            String key = keys.next();
            if (!known.contains(key)) {
                throw new QsfsException(place(key) + "unknown key \"" + key + "\": " + Schema.remedy(key, known));
            }
        }
    }

    boolean has(String key) {
        return node.has(key);
    }

    /** A whole number. */
    int integer(String key, int otherwise, int min, int max) {
        JsonNode value = node.get(key);
        if (value == null) {
            return otherwise;
        }
        return required(key, value, min, max);
    }

    /** A whole number that has no default. */
    int integer(String key, int min, int max, String meaning) {
        JsonNode value = node.get(key);
        if (value == null) {
            throw missing(key, meaning);
        }
        return required(key, value, min, max);
    }

    private int required(String key, JsonNode value, int min, int max) {
        if (!value.isIntegralNumber()) {
            throw wrong(key, "is not a whole number", "write one from " + min + " to " + max);
        }
        if (!value.canConvertToInt() || value.intValue() < min || value.intValue() > max) {
            throw wrong(key, "is out of range", "it must be from " + min + " to " + max);
        }
        return value.intValue();
    }

    /** A size: text with a unit, or a number of bytes. */
    long size(String key, long otherwise, long min, long max) {
        JsonNode value = node.get(key);
        if (value == null) {
            return otherwise;
        }
        long bytes = value.isTextual() ? Units.parseSize(value.textValue()) : value.isIntegralNumber() ? 0 : -1;
        if (bytes < 0) {
            throw wrong(key, "is not a size", "write a number with a unit, like \"64MiB\"");
        }
        if (value.isIntegralNumber()) {
            bytes = value.canConvertToLong() ? value.longValue() : Long.MAX_VALUE;
        }
        if (bytes < min || bytes > max) {
            throw wrong(
                    key, "is out of range", "it must be from " + Units.exactSize(min) + " to " + Units.exactSize(max));
        }
        return bytes;
    }

    /** A duration: text with a unit. */
    long duration(String key, long otherwiseNs, long minNs, long maxNs) {
        JsonNode value = node.get(key);
        if (value == null) {
            return otherwiseNs;
        }
        long ns = value.isTextual() ? Units.parseDuration(value.textValue()) : -1;
        if (ns < 0) {
            throw wrong(key, "is not a duration", "write a number with a unit, like \"30s\" or \"5m\"");
        }
        if (ns < minNs || ns > maxNs) {
            throw wrong(
                    key,
                    "is out of range",
                    "it must be from " + Units.exactDuration(minNs) + " to " + Units.exactDuration(maxNs));
        }
        return ns;
    }

    /** Text, not empty. */
    String text(String key, String otherwise) {
        JsonNode value = node.get(key);
        if (value == null) {
            return otherwise;
        }
        if (!value.isTextual() || value.textValue().isEmpty()) {
            throw wrong(key, "is not text", "write it in quotes");
        }
        return value.textValue();
    }

    boolean flag(String key, boolean otherwise) {
        JsonNode value = node.get(key);
        if (value == null) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw wrong(key, "is neither true nor false", "write one of the two, without quotes");
        }
        return value.booleanValue();
    }

    /** A path, as {@link Paths#expand} reads it, from the folder of the file. */
    Path path(String key, Path otherwise) {
        String text = text(key, null);
        if (text == null) {
            return otherwise;
        }
        if (text.indexOf('\0') >= 0) {
            throw wrong(key, "is not a path", "leave the zero character out");
        }
        return paths.expand(text, file.getParent());
    }

    /** The tables of an array, which must not be empty. */
    List<ConfigTable> tables(String key, List<String> known, String meaning) {
        JsonNode value = node.get(key);
        if (value == null) {
            throw missing(key, meaning);
        }
        if (!value.isArray()) {
            throw wrong(key, "is not a list of tables", "begin each with [[" + header(key) + "]]");
        }
        List<ConfigTable> tables = new ArrayList<>();
        for (int i = 0; i < value.size(); i++) {
            if (!(value.get(i) instanceof ObjectNode table)) {
                throw wrong(key, "is not a list of tables", "begin each with [[" + header(key) + "]]");
            }
            tables.add(new ConfigTable(file, paths, lines, TomlLines.child(path, key) + "[" + i + "]", table, known));
        }
        if (tables.isEmpty()) {
            throw missing(key, meaning);
        }
        return tables;
    }

    private String header(String key) {
        return TomlLines.child(path, key).replaceAll("\\[[0-9]+\\]", "");
    }

    QsfsException missing(String key, String meaning) {
        String table = path.isEmpty() ? "the file" : "[[" + path.replaceAll("\\[[0-9]+\\]", "") + "]]";
        return new QsfsException(place("") + table + " has no " + key + ": set it, " + meaning + ".");
    }

    /** An error about the value of a key; {@code key = value WHAT: REMEDY.} */
    QsfsException wrong(String key, String what, String remedy) {
        JsonNode value = node.get(key);
        boolean isHidden = value == null || value.isContainerNode() || key.equals("password");
        String shown = isHidden ? "" : " = " + shorten(value.toString());
        return new QsfsException(place(key) + key + shown + " " + what + ": " + remedy + ".");
    }

    /** {@code FILE:LINE: }, or {@code FILE: } when the line is not known. */
    private String place(String key) {
        int line = lines.line(key.isEmpty() ? path : TomlLines.child(path, key));
        if (line == 0) {
            line = lines.line(path);
        }
        return file + (line == 0 ? "" : ":" + line) + ": ";
    }

    private static String shorten(String value) {
        return value.length() <= 60 ? value : value.substring(0, 57) + "...";
    }
}
