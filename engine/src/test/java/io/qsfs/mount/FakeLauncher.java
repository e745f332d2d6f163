package io.qsfs.mount;

import io.qsfs.config.KeySource;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/** A launcher without an engine; {@link #calls} has one line a call. */
public final class FakeLauncher implements VolumeLauncher {
    public final List<String> calls = new ArrayList<>();
    public volatile FakeMount mount;
    public volatile Throwable failure;
    public volatile String passphrase;

    @Override
    public InitReport init(VolumeConfig config, KeySource key, InitMode mode, PrintSink out) {
        calls.add("init " + config.name() + " " + key.origin() + " " + mode);
        fail();
        if (key instanceof KeySource.KeyFile file && !Files.exists(file.file())) {
            try {
                Files.writeString(file.file(), "fake");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return new InitReport("00112233445566778899aabbccddeeff", true, 1, List.of());
    }

    @Override
    public RunningMount mount(
            VolumeConfig config, KeySource key, Path mountPoint, MountOptions options, PrintSink out) {
        calls.add("mount " + config.name() + " " + mountPoint + (options.takeOver() ? " take over" : "")
                + (options.noAccessTimes() ? " noatime" : ""));
        if (key instanceof KeySource.Passphrase source) {
            passphrase = new String(source.read(false));
            if (passphrase.equals("wrong")) {
                throw new QsfsException("the passphrase does not open the volume: check it.");
            }
        }
        fail();
        LoggerFactory.getLogger(FakeLauncher.class).info("fake mount on {}", mountPoint);
        out.line("replayed 12 records in 3 ms");
        if (mount == null) {
            mount = new FakeMount(mountPoint.toString());
        }
        return mount;
    }

    @Override
    public RecoverReport recover(VolumeConfig config, KeySource key, boolean isLossAccepted, PrintSink out) {
        calls.add("recover " + config.name() + (isLossAccepted ? " accept loss" : ""));
        fail();
        return new RecoverReport(
                "00112233445566778899aabbccddeeff",
                2,
                1_700_000_000_000L,
                20_312,
                3L << 30,
                17,
                List.of("segment meta 3."));
    }

    private void fail() {
        if (failure instanceof Error e) {
            throw e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
    }
}
