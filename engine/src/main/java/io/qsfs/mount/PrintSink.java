package io.qsfs.mount;

/**
 * Where the engine tells a user what it does while a command runs. Implementations never throw.
 *
 * <p>Threading: called by one thread at a time.
 */
public interface PrintSink {
    /** Says nothing. */
    PrintSink NONE = new PrintSink() {
        @Override
        public void line(String text) {}

        @Override
        public void warning(String text) {}

        @Override
        public void progress(Progress progress) {}
    };

    /** One line of what was done, without an end of line. */
    void line(String text);

    /** One sentence that a user should act on. */
    void warning(String text);

    /** How far a long step is; at most a few a second are shown, so call as often as is convenient. */
    void progress(Progress progress);
}
