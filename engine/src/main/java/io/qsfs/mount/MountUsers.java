package io.qsfs.mount;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Who uses a mount, read from /proc: links are read and compared as text, so that nothing here asks the mount itself.
 *
 * <p>Threading: stateless. Processes that end meanwhile, or that we may not look at, are left out.
 */
final class MountUsers {
    private static final Path PROC = Path.of("/proc");
    private static final int ACCESS_MODE_MASK = 3;

    private MountUsers() {}

    /** Processes with an open file, a working directory, a root or a program on the mount, as {@code PID NAME}. */
    static List<String> processes(Path mountPoint) {
        List<String> found = new ArrayList<>();
        for (Path process : list(PROC, "[0-9]*")) {
            if (isOn(mountPoint, process.resolve("cwd"))
                    || isOn(mountPoint, process.resolve("root"))
                    || isOn(mountPoint, process.resolve("exe"))
                    || list(process.resolve("fd"), "*").stream().anyMatch(fd -> isOn(mountPoint, fd))) {
                found.add(process.getFileName() + " " + name(process));
            }
        }
        return found;
    }

    /** Files on the mount that are open for writing; their dirty pages are the kernel's until they are fsynced. */
    static long openForWriting(Path mountPoint) {
        long count = 0;
        for (Path process : list(PROC, "[0-9]*")) {
            for (Path fd : list(process.resolve("fd"), "*")) {
                if (isOn(mountPoint, fd) && isWritable(process.resolve("fdinfo").resolve(fd.getFileName()))) {
                    count++;
                }
            }
        }
        return count;
    }

    private static boolean isWritable(Path info) {
        try {
            for (String line : Files.readAllLines(info)) {
                if (line.startsWith("flags:")) {
                    return (Long.parseLong(line.substring(6).trim(), 8) & ACCESS_MODE_MASK) != 0;
                }
            }
        } catch (IOException | NumberFormatException e) {
            return false; // closed meanwhile
        }
        return false;
    }

    private static boolean isOn(Path mountPoint, Path link) {
        try {
            return Files.readSymbolicLink(link).startsWith(mountPoint);
        } catch (IOException e) {
            return false; // gone, or not ours to see
        }
    }

    private static String name(Path process) {
        try {
            return Files.readString(process.resolve("comm")).trim();
        } catch (IOException e) {
            return "?";
        }
    }

    private static List<Path> list(Path directory, String glob) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
            entries.forEach(found::add);
        } catch (IOException | UncheckedIOException | java.nio.file.DirectoryIteratorException e) {
            return found; // ended meanwhile, or not ours to see
        }
        return found;
    }
}
