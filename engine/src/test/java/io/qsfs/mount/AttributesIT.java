package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.fuse.FuseOps;
import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: extended attributes, access lists, permissions and set-user-id are what they are on any Linux file system, and outlive
 * what the volume outlives. Method: the real kernel; the same calls on the mount and on the disk of the test; the tools that
 * people use, as root and as others.
 */
class AttributesIT {
    private static final String NOBODY = "setpriv --reuid 4321 --regid 4321 --clear-groups ";

    @TempDir
    Path root;

    private MountRig rig;

    @BeforeEach
    void begin() throws IOException {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        rig = new MountRig(root);
        rig.init();
        rig.mount();
        assertEquals("", sh("chmod 755 " + root + " " + rig.mountPoint()));
    }

    @AfterEach
    void end() {
        if (rig != null) {
            rig.close();
        }
    }

    private Path on(String name) {
        return rig.mountPoint().resolve(name);
    }

    /** What a command says, in the mount's root; errors too. */
    private String sh(String command) {
        return shIn(rig.mountPoint(), command);
    }

    private static String shIn(Path directory, String command) {
        try {
            Process process = new ProcessBuilder("sh", "-c", command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes()).strip();
            int code = process.waitFor();
            return code == 0 ? said : (said + "\nexit " + code).strip();
        } catch (IOException e) {
            throw new AssertionError(command, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(command, e);
        }
    }

    private static boolean has(String tool) {
        return !shIn(Path.of("/"), "command -v " + tool).contains("exit");
    }

    private static int set(Path file, String name, int bytes, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(Math.max(1, bytes)).fill((byte) 'v');
            return Linux.setxattr(file.toString(), name, value, bytes, flags);
        }
    }

    private static long get(Path file, String name, int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            return Linux.getxattr(file.toString(), name, arena.allocate(Math.max(1, bytes)), bytes);
        }
    }

    /** Outcomes of many calls in a directory. */
    private static List<String> outcomes(Path directory) throws IOException {
        List<String> outcomes = new ArrayList<>();
        Path file = Files.createFile(directory.resolve("file"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("file"));
        Path below = Files.createDirectory(directory.resolve("directory"));
        Path fifo = directory.resolve("fifo");
        assertEquals("", shIn(directory, "mkfifo fifo"));
        int[] sizes = {0, 1, 100}; // little: a file of ext4 has 4 KiB for all
        String[] names = {
            "user.a",
            "user.b",
            "trusted.t",
            "security.s",
            "user.",
            "nonsense",
            "system.other",
            "user." + "n".repeat(250),
            "user." + "n".repeat(251),
            "system.posix_acl_access"
        };
        for (Path path : new Path[] {file, below, fifo, link}) {
            for (String name : names) {
                for (int flags = 0; flags < 3; flags++) {
                    for (int size : sizes) {
                        String call = path.getFileName() + " " + name + " " + flags + " " + size + ": ";
                        outcomes.add("get " + call + get(path, name, size));
                        outcomes.add("set " + call + set(path, name, size, flags));
                        outcomes.add("got " + call + get(path, name, size));
                    }
                }
            }
            outcomes.add(shIn(directory, "getfattr -h -m - -d " + path.getFileName() + " | sort"));
            outcomes.add(shIn(directory, "setfattr -h -x user.a " + path.getFileName()));
            outcomes.add(shIn(directory, "setfattr -h -x user.a " + path.getFileName()));
            outcomes.add(shIn(directory, NOBODY + "getfattr -h -m - -d " + path.getFileName() + " | sort"));
        }
        return outcomes;
    }

    @Test
    void shouldAnswerAttributeCallsAsTheDiskDoes() throws IOException {
        Path disk = Files.createDirectory(root.resolve("disk"));
        Path mine = Files.createDirectory(on("mine"));
        assertEquals("", shIn(root, "chmod 755 disk"));
        Path probe = Files.createFile(disk.resolve("probe"));
        assumeTrue(set(probe, "trusted.t", 1, 0) == 0, "the test's own disk has no extended attributes");
        Files.delete(probe);
        List<String> expected = outcomes(disk);
        List<String> found = outcomes(mine);
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), found.get(i));
        }
    }

    @Test
    void shouldLimitAttributes() throws IOException {
        Path file = Files.createFile(on("file"));
        assertEquals(0, set(file, "user.most", 65_536, 0));
        assertEquals(65_536, get(file, "user.most", 65_536));
        assertEquals(-Linux.E2BIG, set(file, "user.more", 65_537, 0));
        assertEquals(-Linux.ENOSPC, set(file, "user.second", 65_536, 0), "128 KiB with names");
        assertEquals(0, set(file, "user.second", 65_500, 0));
        assertEquals(0, set(file, "user.most", 10, Linux.XATTR_REPLACE));
        for (int i = 0; i < 1000; i++) {
            assertEquals(0, set(file, "user.n" + i, 20, Linux.XATTR_CREATE));
        }
        assertEquals("1002", sh("getfattr -m - file | grep -c user"));
    }

    @Test
    void shouldChangeModeAndAccessListTogether() {
        assumeTrue(has("setfacl"), "needs the acl package");
        assertEquals("", sh("umask 022; touch f; chmod 640 f; setfacl -m u:4321:rw f"));
        assertEquals("660", sh("stat -c %a f"));
        assertEquals("user::rw- user:4321:rw- group::r-- mask::rw- other::---", acl("f"));
        assertEquals("", sh("chmod 604 f"));
        assertEquals("user::rw- user:4321:rw- #effective:--- group::r-- #effective:--- mask::--- other::r--", acl("f"));
        assertEquals("", sh("chmod 664 f; setfacl -b f"));
        assertEquals("644", sh("stat -c %a f"));
        assertEquals("user::rw- group::r-- other::r--", acl("f"));
        assertEquals("0", sh("getfattr -m - f | grep -c posix; true"));
    }

    private String acl(String file) {
        return sh("getfacl -cpn --tabular " + file + " >/dev/null; getfacl -cpn " + file
                + " | grep . | tr '\t\n' '  ' | tr -s ' '");
    }

    @Test
    void shouldHandDownDefaultAccessLists() {
        assumeTrue(has("setfacl"), "needs the acl package");
        assertEquals("", sh("mkdir d; chmod 755 d; setfacl -d -m u:4321:rwx,g::r-x,o::- d"));
        assertEquals("", sh("umask 077; mkdir d/e; touch d/f; mkfifo d/p; ln -s x d/l"));
        assertEquals("770 660 660 777", sh("stat -c %a d/e d/f d/p d/l | tr '\n' ' '"));
        assertEquals(
                "user::rw- user:4321:rwx #effective:rw- group::r-x #effective:r-- mask::rw- other::---", acl("d/f"));
        assertEquals(
                "user::rwx user:4321:rwx group::r-x mask::rwx other::--- default:user::rwx default:user:4321:rwx "
                        + "default:group::r-x default:mask::rwx default:other::---",
                acl("d/e"));
        assertEquals("", sh("umask 027; mkdir plain; touch plain/f"));
        assertEquals("750 640", sh("stat -c %a plain plain/f | tr '\n' ' '"));
    }

    @Test
    void shouldLetTheKernelCheckAccess() {
        assumeTrue(has("setfacl") && has("setpriv"), "needs the acl package and setpriv");
        assertEquals("", sh("echo secret > f; chmod 600 f"));
        assertTrue(sh(NOBODY + "cat f").contains("Permission denied"));
        assertEquals("", sh("setfacl -m u:4321:r f"));
        assertEquals("secret", sh(NOBODY + "cat f"));
        assertTrue(sh(NOBODY + "sh -c 'echo x >> f'").contains("Permission denied"));
        assertEquals("", sh("setfacl -m u:4321:-,g::r f; chmod o+r f"));
        assertTrue(sh(NOBODY + "cat f").contains("Permission denied"), "a list can take what others have");
        assertEquals("", sh("touch g; chgrp 77 g; chmod 040 g; echo g > g"));
        assertTrue(sh(NOBODY + "cat g").contains("Permission denied"));
        assertEquals("g", sh("setpriv --reuid 4321 --regid 4321 --groups 77 cat g"), "supplementary groups");
        assertEquals("", sh("mkdir t; chmod 1777 t; touch t/mine"));
        assertTrue(sh(NOBODY + "rm -f t/mine").contains("not permitted"), "sticky");
    }

    @Test
    void shouldKeepSetGroupIdForMembersOnly() {
        assumeTrue(has("setfacl") && has("setpriv"), "needs the acl package and setpriv");
        assertEquals("", sh("mkdir s; chgrp 77 s; chmod 2777 s"));
        assertEquals("", sh(NOBODY + "sh -c 'umask 022; touch s/f; mkdir s/d'"));
        assertEquals("77 644 77 2755", sh("stat -c '%g %a' s/f s/d | tr '\n' ' '"));
        assertEquals("", sh("chown 4321:77 s/f; chmod 2755 s/f; " + NOBODY + "setfacl -m u:1:r s/f"));
        assertEquals("755", sh("stat -c %a s/f"));
        assertEquals("", sh("setfacl -b s/f; chmod 2755 s/f; " + NOBODY + "chmod 2755 s/f"));
        assertEquals("755", sh("stat -c %a s/f"));
    }

    @Test
    void shouldTakePrivilegesAwayFromWhatOthersWrite() {
        assumeTrue(has("setpriv"), "needs setpriv");
        String prepare = "rm -f p; echo x > p; chmod 6777 p; setfattr -n security.capability -v "
                + "0x0100000200040000000000000000000000000000 p; ";
        String show = "; stat -c %a p; getfattr -m security.cap p | grep -c capability";
        assertEquals("6777\n1", sh(prepare + "true" + show));
        assertEquals("777\n0\nexit 1", sh(prepare + NOBODY + "sh -c 'echo y >> p'" + show));
        assertEquals("777\n0\nexit 1", sh(prepare + NOBODY + "truncate -s 1 p" + show));
        assertEquals("777\n0\nexit 1", sh(prepare + NOBODY + "sh -c ': > p'" + show));
        assertEquals(
                "777\n0\nexit 1",
                sh(prepare + NOBODY + "dd if=/dev/zero of=p bs=4096 count=1 oflag=direct status=none" + show));
        assertEquals("777\n0\nexit 1", sh(prepare + "chown 4321 p" + show), "chown, even by root");
        assertEquals("777\n0\nexit 1", sh(prepare + "chmod 777 p; echo y >> p" + show), "a write by root");
        assertEquals("6777", sh("echo x > r; chmod 6777 r; echo y >> r; stat -c %a r"), "a write by root");
        assertEquals("6777", sh("mkdir q; chmod 6777 q; chown 4321 q; stat -c %a q"), "a directory keeps them");
    }

    @Test
    void shouldNotBeAskedForCapabilitiesBeforeEachWrite() throws IOException {
        LocalMount mount = (LocalMount) rig.running();
        try (RandomAccessFile file = new RandomAccessFile(on("f").toFile(), "rw")) {
            long before = mount.counters().xattrReads.sum();
            byte[] page = new byte[4096];
            for (int i = 0; i < 2000; i++) {
                file.write(page);
            }
            assertTrue(
                    mount.counters().xattrReads.sum() - before <= 1,
                    () -> "asked " + (mount.counters().xattrReads.sum() - before) + " times");
        }
    }

    @Test
    void shouldKeepAttributesOverRebuildAndRecovery() throws IOException {
        Files.createFile(on("file"));
        assertEquals(
                "",
                sh(
                        "setfattr -n user.a -v one file; setfattr -n trusted.b -v two file; touch gone; "
                                + "setfattr -n user.g -v g gone; rm gone; setfattr -n user.r -v r file; setfattr -x user.r file"));
        assertEquals(0, set(on("file"), "user.long", 65_536, 0));
        boolean hasAcl = has("setfacl");
        assertEquals("", hasAcl ? sh("setfacl -m u:4321:rwx file") : "");
        String show = "getfattr -m - -d file | md5sum; stat -c %a file";
        String before = sh(show);
        rig.unmount();
        MountRig.delete(rig.state().resolve("index"));
        Files.deleteIfExists(rig.state().resolve("checkpoint"));
        rig.mount();
        assertEquals(before, sh(show));
        rig.unmount();
        MountRig.delete(rig.state());
        rig.recover();
        rig.mount();
        assertEquals(before, sh(show));
        assertFalse(sh("getfattr -d file").contains("user.r="));
    }

    @Test
    void shouldMoveAccessTimesAsRelatimeDoes() {
        String times = "stat -c '%X %Y %Z' f";
        assertEquals("", sh("echo x > f; touch -d @1000 f; mkdir d; ln -s f l; touch -h -d @1000 d l"));
        String made = sh(times);
        rig.unmount();
        rig.mount("access_times = \"none\"");
        assertEquals("x", sh("cat f"));
        assertEquals(made, sh(times));
        rig.unmount();
        rig.mount();
        assertEquals("x", sh("dd if=f iflag=noatime status=none"));
        assertEquals(made, sh(times));
        assertEquals("f", sh("ls d; readlink l"));
        assertEquals("1000\n1000", sh("stat -c %X d l"));
        assertEquals("x", sh("dd if=f iflag=direct status=none"));
        String read = sh(times);
        assertEquals(made.substring(4), read.substring(read.indexOf(' ')), "a read is no change");
        assertTrue(Long.parseLong(read.substring(0, read.indexOf(' '))) > 1000, read);
        rig.unmount();
        rig.mount();
        assertEquals(read, sh(times));
    }

    @Test
    void shouldMakeFilesWithoutNamesWhereTheLibraryCan() throws IOException {
        String directory = rig.mountPoint().toString();
        int fd = Linux.open(directory, Linux.O_TMPFILE | Linux.O_RDWR, 0666);
        if (!FuseOps.has("tmpfile")) {
            assertEquals(-Linux.EOPNOTSUPP, fd);
            return;
        }
        int unlinkable = Linux.open(directory, Linux.O_TMPFILE | Linux.O_RDWR | Linux.O_EXCL, 0600);
        int lost = Linux.open(directory, Linux.O_TMPFILE | Linux.O_RDWR, 0600);
        assertTrue(fd >= 0 && unlinkable >= 0 && lost >= 0, fd + " " + unlinkable + " " + lost);
        assertEquals(-Linux.ENOENT, Libc.link(unlinkable, on("no").toString()));
        assertEquals("", sh("ls"));
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(5, Linux.pwrite(fd, arena.allocateFrom("text\n"), 0, 5, 0));
            assertEquals(5, Linux.pwrite(lost, arena.allocateFrom("lost\n"), 0, 5, 0));
        }
        assertEquals(0, Libc.link(fd, on("named").toString()));
        assertEquals(0, Linux.fsync(fd));
        assertEquals("text\n1 644", sh("cat named; stat -c '%h %a' named"));
        assertEquals(0, Libc.link(fd, on("again").toString()));
        for (int open : new int[] {fd, unlinkable, lost}) {
            assertEquals(0, Linux.close(open));
        }
        rig.unmount();
        rig.mount();
        assertEquals("again named\ntext\n2 644", sh("ls | xargs echo; cat named; stat -c '%h %a' named"));
        assertEquals("2", sh("df --output=iused . | tail -1 | tr -d ' '"), "the root and the file");
    }

    @Test
    void shouldMakeDevicesAndRunSetUserIdPrograms() {
        assertEquals("", sh("mknod null c 1 3; mknod block b 7 200"));
        assertEquals("", sh("echo x > null"), "mounts by root have devices");
        assertEquals("character special file 1:3", sh("stat -c '%F %t:%T' null"));
        assertEquals("block special file 7:c8", sh("stat -c '%F %t:%T' block"));
        assertEquals("0", sh("cp $(command -v id) id; chmod 4755 id; " + NOBODY + "./id -u"));
    }

    @Test
    void shouldKeepTimesOfAnyYear() {
        for (String time : List.of(
                "1901-12-14 00:00:01.123456789",
                "1969-12-31 23:59:59.999999999",
                "2038-01-19 03:14:08.5",
                "2200-03-01 00:00:00.000000001")) {
            String wanted = shIn(root, "touch -d '" + time + " UTC' t; TZ=UTC stat -c '%x %y' t");
            assertEquals(wanted, sh("touch -d '" + time + " UTC' t; TZ=UTC stat -c '%x %y' t"));
            rig.unmount();
            rig.mount();
            assertEquals(wanted, sh("TZ=UTC stat -c '%x %y' t"));
        }
    }
}
