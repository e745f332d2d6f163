package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the index should be, in maps: a file is an array that has for each byte its position in the data stream. */
final class IndexModel {
    static final int S_IFREG = 0100000;
    static final int S_IFDIR = 0040000;
    static final int S_IFLNK = 0120000;

    static final class Node {
        long ino;
        int mode;
        int uid = 10;
        int gid = 20;
        int nlink;
        long size;
        long atimeNs;
        long mtimeNs;
        long ctimeNs;
        long parent;
        String target = "";
        /** Position in the data stream of each byte, -1 in a hole. */
        long[] content = new long[0];

        final TreeMap<String, byte[]> attributes = new TreeMap<>();
        final TreeMap<String, Name> names = new TreeMap<>();

        boolean isDirectory() {
            return (mode & 0170000) == S_IFDIR;
        }

        boolean isFile() {
            return (mode & 0170000) == S_IFREG;
        }

        boolean isLink() {
            return (mode & 0170000) == S_IFLNK;
        }

        long allocated() {
            return Arrays.stream(content).filter(p -> p >= 0).count();
        }
    }

    record Name(long ino, long cookie) {}

    final TreeMap<Long, Node> nodes = new TreeMap<>();
    final TreeMap<Long, Boolean> touchedSegments = new TreeMap<>();
    long nextInode = 2;
    long dataEnd;

    IndexModel() {
        Node root = new Node();
        root.ino = 1;
        root.mode = S_IFDIR | 0755;
        root.uid = 0;
        root.gid = 0;
        root.nlink = 2;
        root.parent = 1;
        nodes.put(1L, root);
    }

    private Node directory(long ino) {
        Node node = nodes.get(ino);
        return node != null && node.isDirectory() ? node : null;
    }

    private static void touch(Node directory, long timeNs) {
        directory.mtimeNs = timeNs;
        directory.ctimeNs = timeNs;
    }

    boolean make(long parent, long ino, int mode, String name, String target, long timeNs, long cookie) {
        Node p = directory(parent);
        if (p == null || p.nlink == 0 || p.names.containsKey(name) || nodes.containsKey(ino) || ino < 2) {
            return false;
        }
        Node node = new Node();
        node.ino = ino;
        node.mode = mode;
        if (name.isEmpty() && !node.isFile()) {
            return false;
        }
        if (node.isLink() != !target.isEmpty()) {
            return false;
        }
        node.nlink = node.isDirectory() ? 2 : 1;
        node.size = target.length();
        node.target = target;
        node.atimeNs = timeNs;
        touch(node, timeNs);
        node.parent = parent;
        nodes.put(ino, node);
        nextInode = Math.max(nextInode, ino + 1);
        if (name.isEmpty()) {
            node.nlink = 0;
            return true;
        }
        p.names.put(name, new Name(ino, cookie));
        p.nlink += node.isDirectory() ? 1 : 0;
        touch(p, timeNs);
        return true;
    }

    boolean link(long ino, long parent, String name, long timeNs, long cookie) {
        Node p = directory(parent);
        Node node = nodes.get(ino);
        if (p == null || p.nlink == 0 || node == null || node.isDirectory() || p.names.containsKey(name)) {
            return false;
        }
        node.nlink++;
        node.ctimeNs = timeNs;
        node.parent = parent;
        p.names.put(name, new Name(ino, cookie));
        touch(p, timeNs);
        return true;
    }

    boolean unlink(long parent, long ino, String name, boolean isDirectory, long timeNs) {
        Node p = directory(parent);
        if (p == null || !p.names.containsKey(name) || p.names.get(name).ino() != ino) {
            return false;
        }
        Node node = nodes.get(ino);
        if (node.isDirectory() != isDirectory || !node.names.isEmpty()) {
            return false;
        }
        p.names.remove(name);
        drop(node, timeNs);
        p.nlink -= isDirectory ? 1 : 0;
        touch(p, timeNs);
        return true;
    }

    private static void drop(Node node, long timeNs) {
        node.nlink = node.isDirectory() ? 0 : node.nlink - 1;
        node.ctimeNs = timeNs;
    }

    boolean rename(
            long parent,
            long newParent,
            long ino,
            long replacedIno,
            String name,
            String newName,
            boolean exchange,
            long timeNs,
            long cookie) {
        Node p = directory(parent);
        Node q = directory(newParent);
        if (p == null || q == null || q.nlink == 0 || ino == replacedIno) {
            return false;
        }
        Name from = p.names.get(name);
        Name to = q.names.get(newName);
        if (from == null
                || from.ino() != ino
                || (to == null ? 0 : to.ino()) != replacedIno
                || (exchange && to == null)) {
            return false;
        }
        Node node = nodes.get(ino);
        Node replaced = to == null ? null : nodes.get(replacedIno);
        if (node.isDirectory() && isBelow(newParent, ino)) {
            return false;
        }
        if (exchange) {
            if (replaced.isDirectory() && isBelow(parent, replacedIno)) {
                return false;
            }
            p.names.put(name, new Name(replacedIno, from.cookie()));
            q.names.put(newName, new Name(ino, to.cookie()));
            replaced.ctimeNs = timeNs;
            replaced.parent = parent;
            p.nlink += replaced.isDirectory() ? 1 : 0;
            q.nlink -= replaced.isDirectory() ? 1 : 0;
        } else {
            if (replaced != null && (replaced.isDirectory() != node.isDirectory() || !replaced.names.isEmpty())) {
                return false;
            }
            p.names.remove(name);
            if (replaced != null) {
                drop(replaced, timeNs);
                q.nlink -= replaced.isDirectory() ? 1 : 0;
            }
            q.names.put(newName, new Name(ino, to == null ? cookie : to.cookie()));
        }
        node.ctimeNs = timeNs;
        node.parent = newParent;
        p.nlink -= node.isDirectory() ? 1 : 0;
        q.nlink += node.isDirectory() ? 1 : 0;
        touch(p, timeNs);
        touch(q, timeNs);
        return true;
    }

    private boolean isBelow(long directory, long ino) {
        for (long at = directory; ; at = nodes.get(at).parent) {
            if (at == ino) {
                return true;
            }
            if (at == 1) {
                return false;
            }
        }
    }

    boolean write(long ino, int offset, long position, int length, boolean kills, boolean keepsTimes, long timeNs) {
        Node node = nodes.get(ino);
        if (node == null
                || !node.isFile()
                || position / IndexFixture.SEGMENT_BYTES != (position + length - 1) / IndexFixture.SEGMENT_BYTES) {
            return false;
        }
        grow(node, offset + length);
        for (int i = 0; i < length; i++) {
            forget(node, offset + i);
            node.content[offset + i] = position + i;
        }
        touchedSegments.put(position / IndexFixture.SEGMENT_BYTES, true);
        node.size = Math.max(node.size, offset + length);
        dataEnd = Math.max(dataEnd, position + length);
        long[] times = {node.mtimeNs, node.ctimeNs};
        changed(node, kills, timeNs);
        if (keepsTimes) {
            node.mtimeNs = times[0];
            node.ctimeNs = times[1];
        }
        return true;
    }

    boolean punch(long ino, int offset, int length, boolean kills, boolean grows, long timeNs) {
        Node node = nodes.get(ino);
        if (node == null || !node.isFile()) {
            return false;
        }
        for (int i = offset; i < Math.min(offset + length, node.content.length); i++) {
            forget(node, i);
        }
        node.size = grows ? Math.max(node.size, offset + length) : node.size;
        changed(node, kills, timeNs);
        return true;
    }

    boolean cloneRange(long sourceIno, int sourceOffset, long ino, int offset, int length, boolean kills, long timeNs) {
        Node source = nodes.get(sourceIno);
        Node node = nodes.get(ino);
        boolean overlaps = sourceIno == ino && Math.abs((long) sourceOffset - offset) < length;
        if (overlaps || source == null || !source.isFile() || node == null || !node.isFile()) {
            return false;
        }
        grow(node, offset + length);
        for (int i = 0; i < length; i++) {
            long position = sourceOffset + i < source.content.length ? source.content[sourceOffset + i] : -1;
            forget(node, offset + i);
            node.content[offset + i] = position;
        }
        node.size = Math.max(node.size, offset + length);
        changed(node, kills, timeNs);
        return true;
    }

    private static void grow(Node node, int bytes) {
        int before = node.content.length;
        if (bytes > before) {
            node.content = Arrays.copyOf(node.content, bytes);
            Arrays.fill(node.content, before, bytes, -1);
        }
    }

    private static void changed(Node node, boolean kills, long timeNs) {
        touch(node, timeNs);
        if (kills) {
            kill(node);
        }
    }

    private static void kill(Node node) {
        node.mode &= (node.mode & 010) != 0 ? ~06000 : ~04000;
        node.attributes.remove("security.capability");
    }

    boolean setXattr(long ino, String name, byte[] value, boolean hasMode, int mode, long timeNs) {
        Node node = nodes.get(ino);
        if (node == null) {
            return false;
        }
        node.attributes.put(name, value);
        node.mode = hasMode ? (node.mode & 0170000) | mode : node.mode;
        node.ctimeNs = timeNs;
        return true;
    }

    boolean removeXattr(long ino, String name, boolean hasMode, int mode, long timeNs) {
        Node node = nodes.get(ino);
        if (node == null || node.attributes.remove(name) == null) {
            return false;
        }
        node.mode = hasMode ? (node.mode & 0170000) | mode : node.mode;
        node.ctimeNs = timeNs;
        return true;
    }

    private void forget(Node node, int at) {
        if (node.content[at] >= 0) {
            touchedSegments.put(node.content[at] / IndexFixture.SEGMENT_BYTES, true);
            node.content[at] = -1;
        }
    }

    boolean setAttributes(long ino, int valid, int mode, int size, boolean kills, long timeNs) {
        Node node = nodes.get(ino);
        if (node == null || ((valid & 8) != 0 && !node.isFile())) {
            return false;
        }
        if ((valid & 8) != 0) {
            for (int i = size; i < node.content.length; i++) {
                forget(node, i);
            }
            node.content = size < node.content.length ? Arrays.copyOf(node.content, size) : node.content;
            node.size = size;
            node.mtimeNs = timeNs;
        }
        node.mode = (valid & 1) != 0 ? (node.mode & 0170000) | (mode & 07777) : node.mode;
        node.uid = (valid & 2) != 0 ? 77 : node.uid;
        node.gid = (valid & 4) != 0 ? 88 : node.gid;
        node.atimeNs = (valid & 16) != 0 ? timeNs + 1 : node.atimeNs;
        node.mtimeNs = (valid & 32) != 0 ? timeNs + 2 : node.mtimeNs;
        node.ctimeNs = (valid & 64) != 0 ? timeNs + 3 : timeNs;
        if (kills) {
            kill(node);
        }
        return true;
    }

    boolean purge(long ino) {
        Node node = nodes.get(ino);
        if (node == null || node.nlink > 0) {
            return false;
        }
        for (int i = 0; i < node.content.length; i++) {
            forget(node, i);
        }
        nodes.remove(ino);
        return true;
    }

    /** Everything visible is the same. */
    void check(IndexView view) {
        List<Long> orphans = new ArrayList<>();
        assertEquals(0, view.forEachOrphan(orphans::add));
        assertEquals(
                nodes.values().stream()
                        .filter(n -> n.nlink == 0)
                        .map(n -> n.ino)
                        .toList(),
                orphans);
        long allocated = 0;
        TreeMap<Long, Long> live = new TreeMap<>();
        touchedSegments.keySet().forEach(number -> live.put(number, 0L));
        for (Node node : nodes.values()) {
            checkNode(view, node);
            allocated += node.allocated();
        }
        TreeMap<Long, Long> referents = referents();
        referents.keySet().forEach(position -> live.merge(position / IndexFixture.SEGMENT_BYTES, 1L, Long::sum));
        if (view instanceof IndexWriter writer) {
            assertEquals(shared(referents), IndexFixture.shared(writer));
        }
        assertEquals(new Totals(nodes.size(), allocated), view.totals());
        assertEquals(nextInode, view.nextInode());
        assertEquals(dataEnd, view.dataEnd());
        TreeMap<Long, Long> known = new TreeMap<>();
        assertEquals(0, view.forEachSegment(0, s -> known.put(s.number(), s.liveBytes())));
        assertEquals(live, known);
        for (long ino = 1; ino < nextInode + 2; ino++) {
            assertEquals(nodes.containsKey(ino) ? 0 : 2, view.inode(ino, new Inode()));
        }
    }

    /** By position in the data stream: how many bytes of files it is. */
    private TreeMap<Long, Long> referents() {
        TreeMap<Long, Long> referents = new TreeMap<>();
        for (Node node : nodes.values()) {
            for (long position : node.content) {
                if (position >= 0) {
                    referents.merge(position, 1L, Long::sum);
                }
            }
        }
        return referents;
    }

    /** What the table of shared ranges must be: as few as can be, none across a segment. */
    private static List<IndexFixture.Shared> shared(TreeMap<Long, Long> referents) {
        List<IndexFixture.Shared> ranges = new ArrayList<>();
        referents.forEach((position, count) -> {
            IndexFixture.Shared last = ranges.isEmpty() ? null : ranges.getLast();
            if (count < 2) {
                return;
            }
            if (last != null
                    && last.position() + last.length() == position
                    && last.count() == count
                    && position % IndexFixture.SEGMENT_BYTES != 0) {
                ranges.set(ranges.size() - 1, new IndexFixture.Shared(last.position(), last.length() + 1, count));
            } else {
                ranges.add(new IndexFixture.Shared(position, 1, count));
            }
        });
        return ranges;
    }

    private void checkNode(IndexView view, Node node) {
        Inode inode = IndexFixture.inode(view, node.ino);
        assertEquals(node.mode, inode.mode);
        assertEquals(node.uid, inode.uid);
        assertEquals(node.gid, inode.gid);
        assertEquals(node.nlink, inode.nlink, () -> "nlink of " + node.ino);
        assertEquals(node.size, inode.size);
        assertEquals(node.atimeNs, inode.atimeNs);
        assertEquals(node.mtimeNs, inode.mtimeNs);
        assertEquals(node.ctimeNs, inode.ctimeNs);
        assertEquals(node.parent, inode.parent);
        assertEquals(node.allocated(), inode.allocatedBytes);
        assertEquals(node.isLink() ? node.target : "errno 2", IndexFixture.readLink(view, node.ino));
        assertEquals(node.names.isEmpty(), view.isEmpty(node.ino));
        for (Map.Entry<String, Name> name : node.names.entrySet()) {
            DirectoryEntry entry = IndexFixture.lookup(view, node.ino, name.getKey(), 0);
            assertEquals(name.getValue(), new Name(entry.ino, entry.cookie));
            assertEquals(nodes.get(entry.ino).mode >>> 12, entry.type);
        }
        List<String> byCookie = node.names.entrySet().stream()
                .sorted((a, b) ->
                        Long.compare(a.getValue().cookie(), b.getValue().cookie()))
                .map(Map.Entry::getKey)
                .toList();
        assertEquals(byCookie, IndexFixture.names(view, node.ino, 2));
        checkAttributes(view, node, inode);
        checkContent(view, node);
    }

    private static void checkAttributes(IndexView view, Node node, Inode inode) {
        int bytes = 0;
        for (Map.Entry<String, byte[]> attribute : node.attributes.entrySet()) {
            assertArrayEquals(
                    attribute.getValue(),
                    IndexFixture.attribute(view, node.ino, attribute.getKey()),
                    attribute.getKey());
            bytes += attribute.getKey().length() + 1 + attribute.getValue().length;
        }
        assertEquals(bytes, inode.attributeBytes);
        assertEquals(List.copyOf(node.attributes.keySet()), IndexFixture.attributeNames(view, node.ino));
        assertNull(IndexFixture.attribute(view, node.ino, "user.no such name"));
    }

    private static void checkContent(IndexView view, Node node) {
        int bytes = node.content.length + 10;
        for (int piecesMax : new int[] {1, 3, 100}) {
            for (int from : new int[] {0, bytes / 3, bytes / 2}) {
                long[] found = read(view, node.ino, from, bytes - from, piecesMax);
                for (int i = 0; i < found.length; i++) {
                    long expected = from + i < node.content.length ? node.content[from + i] : -1;
                    assertEquals(expected, found[i], "inode " + node.ino + " byte " + (from + i));
                }
            }
        }
    }

    private static long[] read(IndexView view, long ino, int from, int length, int piecesMax) {
        long[] positions = new long[length];
        ExtentList list = new ExtentList(piecesMax);
        int at = from;
        while (at < from + length) {
            assertEquals(0, view.extents(ino, at, from + length - at, list));
            assertTrue(list.count() > 0);
            for (int i = 0; i < list.count(); i++) {
                assertEquals(at, list.fileOffset(i));
                assertTrue(list.length(i) > 0);
                for (long j = 0; j < list.length(i); j++) {
                    positions[at - from] = list.isHole(i) ? -1 : list.position(i) + j;
                    at++;
                }
            }
            assertEquals(at, list.endOffset());
        }
        assertEquals(from + length, at);
        return positions;
    }

    /** Only here so that a reader of a failure sees the tree. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        nodes.values()
                .forEach(n -> text.append(n.ino)
                        .append(" nlink ")
                        .append(n.nlink)
                        .append(' ')
                        .append(n.names)
                        .append('\n'));
        return text.toString();
    }
}
