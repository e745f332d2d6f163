package io.qsfs.config;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/**
 * Says in words why the JDK's file calls failed: some of its messages are a path alone.
 *
 * <p>Threading: stateless.
 */
public final class Failures {
    private Failures() {}

    /** A few words, without the path. */
    public static String reason(IOException failure) {
        return switch (failure) {
            case NoSuchFileException e -> "it does not exist";
            case AccessDeniedException e -> "permission denied";
            case FileAlreadyExistsException e -> "it exists already";
            case NotDirectoryException e -> "it is not a directory";
            case DirectoryNotEmptyException e -> "the directory is not empty";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        };
    }
}
