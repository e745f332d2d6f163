package io.qsfs.mount;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Knows what a directory may look like after a crash: the state that was acknowledged last, and every state that operations
 * since then have led to, in order.
 *
 * <p>Threading: one thread at a time.
 */
public final class CrashOracle {
    private final List<State> states = new ArrayList<>();
    private long acknowledgedOperations;

    /** Kinds of nodes. */
    public enum Kind {
        FILE,
        DIRECTORY,
        LINK
    }

    /**
     * What a name stands for.
     *
     * @param id      of the inode: two names with one id are hard links.
     * @param content of a file, or the target of a symbolic link; never changed.
     */
    public record Node(Kind kind, long id, byte[] content) {}

    /** A whole tree below a directory, by paths with slashes. Not changed once it was handed to the oracle. */
    public static final class State {
        final TreeMap<String, Node> nodes;

        public State() {
            nodes = new TreeMap<>();
        }

        private State(TreeMap<String, Node> nodes) {
            this.nodes = new TreeMap<>(nodes);
        }

        /** A copy to change. */
        public State copy() {
            return new State(nodes);
        }

        public TreeMap<String, Node> nodes() {
            return nodes;
        }

        /** Gives a file other content, under all its names. */
        public void content(String path, byte[] content) {
            long id = nodes.get(path).id();
            nodes.replaceAll((name, node) -> node.id() == id ? new Node(node.kind(), id, content) : node);
        }

        /** Moves a name, and what is below it when it is a directory. */
        public void move(String from, String to) {
            TreeMap<String, Node> moved = new TreeMap<>();
            nodes.forEach((path, node) -> {
                if (path.equals(from) || path.startsWith(from + "/")) {
                    moved.put(to + path.substring(from.length()), node);
                }
            });
            nodes.keySet().removeIf(path -> path.equals(from) || path.startsWith(from + "/"));
            nodes.putAll(moved);
        }

        /** The names, what they are and which are one inode, without content. */
        Map<String, String> names() {
            Map<Long, String> first = new HashMap<>();
            Map<String, String> names = new TreeMap<>();
            nodes.forEach((path, node) -> names.put(
                    path,
                    node.kind()
                            + (node.kind() == Kind.FILE ? " of " + first.computeIfAbsent(node.id(), id -> path) : "")));
            return names;
        }

        boolean isSameAs(State other) {
            return names().equals(other.names())
                    && nodes.keySet().stream()
                            .allMatch(path -> Arrays.equals(
                                    nodes.get(path).content(),
                                    other.nodes.get(path).content()));
        }
    }

    public CrashOracle() {
        states.add(new State());
    }

    /** The state that operations have led to. */
    public State current() {
        return states.getLast();
    }

    /** An operation begins that leads to this state, whether its answer comes or not. */
    public void begin(State next) {
        states.add(next);
    }

    /** Everything up to now holds from here on. */
    public void acknowledged() {
        State current = current();
        acknowledgedOperations += states.size() - 1;
        states.clear();
        states.add(current);
    }

    /** How many operations were acknowledged. */
    public long acknowledgedOperations() {
        return acknowledgedOperations;
    }

    /** How many states there may be. */
    public int size() {
        return states.size();
    }

    /** The tree must be one of the states, as a whole. It is the acknowledged one from here on. */
    public void requireOne(State found) {
        for (State state : states) {
            if (state.isSameAs(found)) {
                found(found);
                return;
            }
        }
        throw new AssertionError(states.size()
                + " states are possible, this is none of them; from the one acknowledged: "
                + difference(states.getFirst(), found) + "; from the last one: " + difference(current(), found));
    }

    /**
     * Names must be those of one state; each byte of a file must be what it was in one of them: the kernel hands pages on in
     * any order. The tree is the acknowledged one from here on.
     */
    public void requireNamesOfOne(State found) {
        if (states.stream().noneMatch(state -> state.names().equals(found.names()))) {
            throw new AssertionError(states.size() + " states are possible, none has these names: "
                    + difference(states.getFirst(), found));
        }
        found.nodes.forEach((path, node) -> requireContent(path, node.content()));
        found(found);
    }

    private void requireContent(String path, byte[] content) {
        List<byte[]> versions = states.stream()
                .filter(state -> state.nodes.containsKey(path))
                .map(state -> state.nodes.get(path).content())
                .toList();
        if (versions.stream().anyMatch(version -> Arrays.equals(version, content))) {
            return;
        }
        int least = versions.stream().mapToInt(v -> v.length).min().orElseThrow();
        int most = versions.stream().mapToInt(v -> v.length).max().orElseThrow();
        if (content.length < least || content.length > most) {
            throw new AssertionError(path + " has " + content.length + " bytes and must have " + least + " to " + most);
        }
        for (int i = 0; i < content.length; i++) {
            int at = i;
            boolean isKnown = versions.stream()
                    .anyMatch(version -> at < version.length ? version[at] == content[at] : content[at] == 0);
            if (!isKnown) {
                throw new AssertionError("byte " + i + " of " + path + ", which has " + content.length
                        + " bytes, is of none of its " + versions.size() + " versions");
            }
        }
    }

    private void found(State found) {
        states.clear();
        states.add(found);
    }

    private static String difference(State expected, State found) {
        List<String> parts = new ArrayList<>();
        Map<String, String> names = expected.names();
        Map<String, String> others = found.names();
        names.forEach((path, what) -> {
            if (!what.equals(others.get(path))) {
                parts.add(path + " is " + others.get(path) + ", not " + what);
            } else if (!Arrays.equals(
                    expected.nodes.get(path).content(), found.nodes.get(path).content())) {
                parts.add(path + " has other content");
            }
        });
        others.forEach((path, what) -> {
            if (!names.containsKey(path)) {
                parts.add(path + " (" + what + ") is too much");
            }
        });
        return parts.subList(0, Math.min(parts.size(), 8)).toString();
    }
}
