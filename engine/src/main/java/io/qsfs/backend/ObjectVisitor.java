package io.qsfs.backend;

/** Is shown the objects of a listing, on a thread of the backend; must not block. */
@FunctionalInterface
public interface ObjectVisitor {
    /**
     * An object that was there at some moment of the listing. One may be shown twice.
     *
     * @param object its name.
     * @param bytes  its length.
     */
    void onObject(String object, long bytes);
}
