package io.qsfs.config;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which line of a TOML file a key stands on. The parser gives a tree without positions, so this reads the lines again; what it
 * does not understand (keys in inline tables, lines inside long strings) has no line, and messages do without.
 *
 * <p>Threading: immutable.
 */
final class TomlLines {
    private static final Pattern HEADER = Pattern.compile("^\\s*(\\[\\[?)\\s*([^\\]]+?)\\s*\\]\\]?\\s*(#.*)?$");
    private static final Pattern KEY = Pattern.compile("^\\s*\"?([A-Za-z0-9_-]+)\"?\\s*=.*$");

    private final Map<String, Integer> lineOfPath = new HashMap<>();

    /** @param text of the file. */
    TomlLines(String text) {
        Map<String, Integer> count = new HashMap<>();
        String table = "";
        String[] lines = text.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            Matcher header = HEADER.matcher(lines[i]);
            if (header.matches()) {
                table = open(header.group(2), header.group(1).length() == 2, count);
                lineOfPath.putIfAbsent(table, i + 1);
                lineOfPath.putIfAbsent(table.replaceFirst("\\[[0-9]+\\]$", ""), i + 1); // of the whole array
                continue;
            }
            Matcher key = KEY.matcher(lines[i]);
            if (key.matches()) {
                lineOfPath.putIfAbsent(child(table, key.group(1)), i + 1);
            }
        }
    }

    /** 1-based, or 0 when not known. */
    int line(String path) {
        return lineOfPath.getOrDefault(path, 0);
    }

    /** Path of a key in a table. */
    static String child(String table, String key) {
        return table.isEmpty() ? key : table + "." + key;
    }

    /** The path of a table that a header opens; arrays of tables get the index of their last element. */
    private static String open(String name, boolean isArray, Map<String, Integer> count) {
        StringBuilder path = new StringBuilder();
        String[] parts = name.split("\\s*\\.\\s*");
        for (int i = 0; i < parts.length; i++) {
            if (i > 0) {
                path.append('.');
            }
            path.append(parts[i]);
            String array = path.toString();
            if (isArray && i == parts.length - 1) {
                count.merge(array, 1, Integer::sum);
            }
            Integer elements = count.get(array);
            if (elements != null) {
                path.append('[').append(elements - 1).append(']');
            }
        }
        return path.toString();
    }
}
