package io.qsfs.fs;

import org.agrona.collections.LongHashSet;

/**
 * Inodes without names that the kernel still knows. The lasting list is in the index; this is the part that a forget asks.
 *
 * <p>Threading: any thread; every method holds the lock for a probe. It is asked once for each inode that the kernel forgets
 * for good, which is rare beside other requests.
 */
final class Orphans {
    private final LongHashSet inos = new LongHashSet();

    synchronized void add(long ino) {
        inos.add(ino);
    }

    synchronized void remove(long ino) {
        inos.remove(ino);
    }

    synchronized boolean contains(long ino) {
        return inos.contains(ino);
    }

    synchronized int count() {
        return inos.size();
    }
}
