package io.qsfs.cli;

import io.qsfs.config.Units;
import io.qsfs.mount.StatusReport;
import java.util.Locale;

/**
 * A status for people: what may still be lost comes first.
 *
 * <p>Threading: stateless.
 */
final class StatusText {
    private StatusText() {}

    /** Several lines without a last line end. */
    static String of(StatusReport report) {
        StringBuilder text = new StringBuilder();
        text.append(state(report)).append('\n');
        row(text, "redundancy", redundancy(report.redundancy()));
        row(text, "cache", cache(report.cache()));
        row(text, "backlog", backlog(report.backlog()));
        row(text, "fetched", traffic(report.traffic()));
        row(
                text,
                "files",
                String.format(
                        Locale.ROOT,
                        "%,d inodes, %s",
                        report.files().inodes(),
                        Units.size(report.files().bytes())));
        text.append("backends\n");
        for (StatusReport.Backend backend : report.backends()) {
            text.append(backend(backend));
        }
        for (String warning : report.warnings()) {
            text.append("warning: ").append(warning).append('\n');
        }
        return text.toString().stripTrailing();
    }

    private static String state(StatusReport report) {
        String state =
                switch (report.state()) {
                    case RUNNING -> "running";
                    case READ_ONLY -> "READ-ONLY";
                    case DRAINING -> "unmounted, placing the rest";
                };
        return "volume \"" + report.volume() + "\" on " + report.mountPoint() + ": " + state + " for "
                + Units.duration(report.upMs()) + ", pid " + report.pid();
    }

    private static void row(StringBuilder text, String label, String value) {
        text.append(String.format(Locale.ROOT, "%-12s%s%n", label, value));
    }

    private static String redundancy(StatusReport.Redundancy redundancy) {
        int parity = redundancy.expectedShards() - redundancy.minimalShards();
        String code = redundancy.minimalShards() + "+" + parity;
        if (redundancy.segmentsUnreadable() > 0) {
            return code + ", " + Printer.count(redundancy.segmentsUnreadable(), "segment")
                    + " UNREADABLE: bring backends back; " + segments(redundancy);
        }
        if (redundancy.margin() < 0) {
            return code + ", nothing placed yet: everything is only on this machine";
        }
        String margin = redundancy.margin() == 0
                ? "NO backend may be lost now"
                : Printer.count(redundancy.margin(), "more backend") + " may be lost";
        return code + ", " + margin + "; " + segments(redundancy);
    }

    private static String segments(StatusReport.Redundancy redundancy) {
        return String.format(
                Locale.ROOT,
                "%s whole, %,d reduced",
                Printer.count(redundancy.segmentsFull(), "segment"),
                redundancy.segmentsReduced());
    }

    private static String cache(StatusReport.Cache cache) {
        return Units.size(cache.logBytes()) + " of " + Units.size(cache.limitBytes()) + " ("
                + Units.size(cache.evictableBytes()) + " may go), recalled " + Units.size(cache.recallBytes()) + " of "
                + Units.size(cache.recallLimitBytes()) + ", index " + Units.size(cache.indexBytes());
    }

    private static String backlog(StatusReport.Backlog backlog) {
        if (backlog.segments() == 0 && backlog.shardsOwed() == 0) {
            return "nothing: everything is on the backends" + openFiles(backlog);
        }
        StringBuilder text = new StringBuilder();
        text.append(Printer.count(backlog.segments(), "segment")).append(", ").append(Units.size(backlog.bytes()));
        if (backlog.bytesPerSecond() > 0) {
            text.append(", ").append(Units.size(backlog.bytesPerSecond())).append("/s, left ");
            text.append(Units.duration(backlog.bytes() * 1000 / backlog.bytesPerSecond()));
        }
        if (backlog.oldestMs() > 0) {
            text.append("; oldest safe only here for ").append(Units.duration(backlog.oldestMs()));
        }
        if (backlog.shardsOwed() > 0) {
            text.append("; ")
                    .append(Printer.count(backlog.shardsOwed(), "shard"))
                    .append(" owed");
        }
        return text + openFiles(backlog);
    }

    private static String openFiles(StatusReport.Backlog backlog) {
        return backlog.openForWriting() == 0
                ? ""
                : "; " + Printer.count(backlog.openForWriting(), "file") + " open for writing";
    }

    private static String traffic(StatusReport.Traffic traffic) {
        return String.format(
                Locale.ROOT,
                "%s in %s (%,d rebuilt from other shards); %s, %s%s; placed %s",
                Units.size(traffic.bytesFetched()),
                Printer.count(traffic.chunksRecalled(), "chunk"),
                traffic.chunksRebuilt(),
                Printer.count(traffic.shardsRotten(), "rotten shard"),
                Printer.count(traffic.readErrors(), "read error"),
                traffic.rangesRotten() == 0
                        ? ""
                        : ", " + Printer.count(traffic.rangesRotten(), "range") + " rotten on the local disk",
                Units.size(traffic.bytesPlaced()));
    }

    private static String backend(StatusReport.Backend backend) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "  %-12s%s (%s), free %s, %s",
                backend.health(),
                backend.name(),
                backend.group(),
                Units.size(backend.freeBytes()),
                Printer.count(backend.shards(), "shard")));
        if (!backend.name().equals(backend.location())) {
            text.append(", ").append(backend.location());
        }
        if (!backend.durable()) {
            text.append(", buffered");
        }
        if (backend.errors() > 0) {
            text.append(", ").append(Printer.count(backend.errors(), "error"));
        }
        if (backend.rotten() > 0) {
            text.append(", ").append(Printer.count(backend.rotten(), "rotten shard"));
        }
        if (backend.detail() != null) {
            text.append(": ").append(backend.detail());
        }
        return text.append('\n').toString();
    }
}
