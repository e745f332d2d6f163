package io.qsfs.keeper;

import io.qsfs.recall.Inbox;
import java.util.List;
import org.agrona.concurrent.Agent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread for work that nothing waits for: agents in turn, small steps each. An agent that throws is left out from
 * then on.
 *
 * <p>Threading: made, started and closed by one thread; {@link #wake} from any.
 */
public final class Keeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);

    private static final long LOOK_NS = 250_000_000L;

    private final String name;
    private final Agent[] agents;
    private final boolean[] isBroken;
    private final Inbox<Object> inbox = new Inbox<>();
    private volatile boolean isClosing;
    private Thread thread;

    /** @param name of the thread: {@code keeper}, or {@code keeper-checkpoint} for what takes long. */
    public Keeper(String name, List<? extends Agent> agents) {
        this.name = name;
        this.agents = agents.toArray(new Agent[0]);
        isBroken = new boolean[this.agents.length];
    }

    /** Starts the thread. */
    public void start() {
        thread = new Thread(this::run, name);
        thread.start();
    }

    /** Makes the agents look around now. */
    public void wake() {
        inbox.wake();
    }

    private void run() {
        while (!isClosing) {
            int work = 0;
            for (int i = 0; i < agents.length && !isClosing; i++) {
                work += isBroken[i] ? 0 : step(i);
            }
            if (work == 0) {
                inbox.await(LOOK_NS);
            }
        }
        for (Agent agent : agents) {
            agent.onClose();
        }
    }

    private int step(int i) {
        try {
            return agents[i].doWork();
        } catch (Exception | AssertionError e) {
            isBroken[i] = true;
            LOG.error("The {} has failed and does nothing until the next mount.", agents[i].roleName(), e);
            return 0;
        }
    }

    /** Ends the thread, after the step that it is in. */
    @Override
    public void close() {
        isClosing = true;
        inbox.wake();
        boolean isInterrupted = false;
        while (thread != null && thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
