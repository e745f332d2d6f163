package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;

/**
 * Inodes as the editors need them: what is not there is a refusal of the record and no answer.
 *
 * <p>Threading: that of the writer.
 */
final class InodeTable {
    private final Tree tree;
    private final TreeView view;

    InodeTable(Tree tree, TreeView view) {
        this.tree = tree;
        this.view = view;
    }

    /** 0, {@link Refusal#NO_INODE}, or an errno. */
    int load(long ino, Inode out) {
        int rc = view.inode(ino, out);
        return rc == Linux.ENOENT ? Refusal.NO_INODE.code() : rc;
    }

    int loadDirectory(long ino, Inode out) {
        int rc = load(ino, out);
        return rc == 0 && !out.isDirectory() ? Refusal.NOT_A_DIRECTORY.code() : rc;
    }

    int loadFile(long ino, Inode out) {
        int rc = load(ino, out);
        return rc == 0 && !out.isRegularFile() ? Refusal.NOT_A_FILE.code() : rc;
    }

    int store(Inode inode) {
        int keyBytes = IndexKey.one(tree.key, IndexKey.INODE, inode.ino);
        return tree.put(keyBytes, InodeValue.encode(tree.value, inode));
    }

    /** One name less. A file without names, and a directory, becomes an orphan. */
    int storeUnlinked(Inode inode, long timeNs) {
        inode.nlink = inode.isDirectory() ? 0 : inode.nlink - 1;
        inode.ctimeNs = timeNs;
        int rc = store(inode);
        return rc == 0 && inode.nlink <= 0 ? tree.put(IndexKey.one(tree.key, IndexKey.ORPHAN, inode.ino), 0) : rc;
    }
}
