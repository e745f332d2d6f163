package io.qsfs.log;

import io.qsfs.bindings.linux.Linux;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/** The real disk, whose {@code fdatasync} fails as often as it is told to and then succeeds, as it does on Linux. */
public final class FailingSyncs {
    private final AtomicInteger left = new AtomicInteger();
    private final Disk disk;

    public FailingSyncs() {
        RealDisk real = new RealDisk();
        disk = (Disk) Proxy.newProxyInstance(
                Disk.class.getClassLoader(), new Class<?>[] {Disk.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("fdatasync") && left.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                        return -Linux.EIO;
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    public Disk disk() {
        return disk;
    }

    /** The next {@code count} calls of fdatasync fail with EIO. */
    public void fail(int count) {
        left.set(count);
    }
}
