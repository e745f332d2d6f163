package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.log.record.CloneRecord;
import io.qsfs.log.record.RemoveXattrRecord;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.log.record.SetXattrRecord;
import io.qsfs.log.record.WriteRecord;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/**
 * Goal: the index is what the records say. Method: random records, most of which fit and some of which do not, go to
 * the index and to a model in maps; everything visible is compared, before and after commits, to the writer and to a
 * reader; at the end the records that were taken make another index, with other commits, that has the same entries byte
 * for byte.
 */
class IndexModelPropertyTest {
    private static final int FILE_BYTES_MAX = 3000;

    @Property(tries = 50)
    void shouldBeWhatTheModelIs(
            @ForAll long seed,
            @ForAll @Size(min = 60, max = 200) List<@IntRange(min = 0, max = 99) Integer> operations) {
        run(new Random(seed), operations);
    }

    /** Where extents overlap, are cut, split, merged, overwritten whole: two small files and nothing else. */
    @Property(tries = 60)
    void shouldKeepExtentsAsBytes(@ForAll long seed) {
        Random random = new Random(seed);
        try (IndexFixture fixture = new IndexFixture()) {
            Step step = new Step(fixture, new IndexModel(), random);
            step.makeFiles(2);
            for (int i = 0; i < 120; i++) {
                step.changeContent();
                step.model.check(fixture.writer);
                if (random.nextInt(20) == 0) {
                    fixture.commit();
                }
            }
            fixture.commit();
            checkReplay(fixture, random);
        }
    }

    /**
     * Where ranges are shared, shared again, split, and given up one referent after the other: three small files, mostly
     * cloned. At the end all but one go, and nothing may be shared any more; then the last one, and nothing may live.
     */
    @Property(tries = 60)
    void shouldCountWhatIsShared(@ForAll long seed) {
        Random random = new Random(seed);
        try (IndexFixture fixture = new IndexFixture()) {
            Step step = new Step(fixture, new IndexModel(), random);
            step.makeFiles(3);
            for (int i = 0; i < 150; i++) {
                if (random.nextInt(3) == 0) {
                    step.changeContent();
                } else {
                    step.shareContent();
                }
                step.model.check(fixture.writer);
                if (random.nextInt(20) == 0) {
                    fixture.commit();
                }
            }
            fixture.commit();
            checkReplay(fixture, random);
            step.remove(3);
            step.remove(4);
            step.punchWhatIsSharedWithin(2);
            step.model.check(fixture.writer);
            assertEquals(List.of(), IndexFixture.shared(fixture.writer));
            step.remove(2);
            step.model.check(fixture.writer);
            assertEquals(0, fixture.writer.totals().allocatedBytes());
            fixture.commit();
            checkReplay(fixture, random);
        }
    }

    private static void run(Random random, List<Integer> operations) {
        try (IndexFixture fixture = new IndexFixture();
                IndexReader reader = fixture.index.newReader()) {
            Step step = new Step(fixture, new IndexModel(), random);
            int count = 0;
            for (int operation : operations) {
                step.take(operation);
                count++;
                if (count % 17 == 0) {
                    step.model.check(fixture.writer);
                }
                if (operation % 10 == 9) {
                    fixture.commit();
                    assertEquals(0, reader.renew());
                    step.model.check(reader);
                    reader.release();
                }
            }
            step.model.check(fixture.writer);
            fixture.commit();
            assertEquals(0, reader.renew());
            step.model.check(reader);
            checkReplay(fixture, random);
        }
    }

    private static void checkReplay(IndexFixture fixture, Random random) {
        try (IndexFixture other = new IndexFixture()) {
            List<RecordLog.Entry> taken = fixture.log.taken;
            assertEquals(0, RecordLog.replay(other.writer, taken, 0, taken.size(), 1 + random.nextInt(30)));
            assertEquals(IndexFixture.dump(fixture.writer), IndexFixture.dump(other.writer));
            fixture.writer.rollback();
        }
    }

    /** Makes one record of what there is, and gives it to both. */
    private static final class Step {
        final IndexFixture fixture;
        final IndexModel model;
        final Random random;
        final RecordLog log;
        long dataPosition = 10_000;

        Step(IndexFixture fixture, IndexModel model, Random random) {
            this.fixture = fixture;
            this.model = model;
            this.random = random;
            this.log = fixture.log;
        }

        void take(int operation) {
            boolean fits;
            int length;
            if (operation < 25) {
                int kind = random.nextInt(10);
                int mode = kind < 3 ? 0040755 : kind < 5 ? 0120777 : 0106755 & 0107777;
                String target = (mode & 0170000) == 0120000 || random.nextInt(20) == 0 ? "to/" + random.nextInt() : "";
                long parent = directory();
                long ino = random.nextInt(10) == 0 ? 1 + random.nextInt(10) : model.nextInode;
                String name = random.nextInt(8) == 0 ? "" : name();
                length = log.make(parent, ino, mode, name, target);
                fits = model.make(parent, ino, mode, name, target, log.timeNs, cookie());
            } else if (operation < 32) {
                long ino = anyInode();
                long parent = directory();
                String name = name();
                length = log.link(ino, parent, name);
                fits = model.link(ino, parent, name, log.timeNs, cookie());
            } else if (operation < 42) {
                long parent = directory();
                String name = existingName(parent);
                long ino = inoOf(parent, name);
                IndexModel.Node node = model.nodes.get(ino);
                boolean isDirectory = node != null && node.isDirectory() != (random.nextInt(10) == 0);
                length = log.unlink(parent, ino, name, isDirectory);
                fits = model.unlink(parent, ino, name, isDirectory, log.timeNs);
            } else if (operation < 58) {
                long parent = directory();
                long newParent = random.nextInt(3) == 0 ? parent : directory();
                String name = existingName(parent);
                String newName = random.nextBoolean() ? existingName(newParent) : name();
                long ino = inoOf(parent, name);
                long replaced = inoOf(newParent, newName);
                boolean exchange = replaced != 0 && random.nextInt(3) == 0;
                length = log.rename(parent, newParent, ino, replaced, name, newName, exchange);
                fits = model.rename(parent, newParent, ino, replaced, name, newName, exchange, log.timeNs, cookie());
            } else if (operation < 76) {
                long ino = file();
                int bytes = 1 + random.nextInt(random.nextInt(4) == 0 ? 900 : 60);
                int offset = random.nextInt(4) == 0 ? (int) sizeOf(ino) : random.nextInt(FILE_BYTES_MAX);
                long room = IndexFixture.SEGMENT_BYTES - dataPosition % IndexFixture.SEGMENT_BYTES;
                if (bytes > room && random.nextInt(20) != 0) {
                    dataPosition += room;
                }
                boolean kills = random.nextInt(5) == 0;
                boolean keeps = random.nextBoolean();
                int flags = (kills ? WriteRecord.FLAG_KILL_PRIVILEGES : 0) | (keeps ? WriteRecord.FLAG_KEEPS_TIMES : 0);
                length = log.write(ino, offset, dataPosition, bytes, flags);
                fits = model.write(ino, offset, dataPosition, bytes, kills, keeps, log.timeNs);
                dataPosition += bytes;
            } else if (operation < 79) {
                long ino = file();
                int offset = random.nextInt(FILE_BYTES_MAX);
                int bytes = 1 + random.nextInt(900);
                int flags = random.nextInt(4);
                length = log.punch(ino, offset, bytes, flags);
                fits = model.punch(ino, offset, bytes, (flags & 1) != 0, (flags & 2) != 0, log.timeNs);
            } else if (operation < 82) {
                long source = file();
                long ino = file();
                int from = random.nextInt(FILE_BYTES_MAX);
                int to = random.nextInt(FILE_BYTES_MAX);
                int bytes = 1 + random.nextInt(900);
                boolean kills = random.nextInt(5) == 0;
                length = log.cloneRange(source, from, ino, to, bytes, kills ? CloneRecord.FLAG_KILL_PRIVILEGES : 0);
                fits = model.cloneRange(source, from, ino, to, bytes, kills, log.timeNs);
            } else if (operation < 88) {
                long ino = random.nextInt(4) == 0 ? anyInode() : file();
                int valid = random.nextInt(128);
                int size = random.nextInt(FILE_BYTES_MAX);
                int mode = random.nextInt(010000);
                boolean kills = random.nextInt(4) == 0;
                length = log.setAttributes(ino, valid, mode, size, kills ? SetAttrRecord.FLAG_KILL_PRIVILEGES : 0);
                fits = model.setAttributes(ino, valid, mode, size, kills, log.timeNs);
            } else if (operation < 91) {
                long ino = random.nextInt(4) == 0 ? anyInode() : file();
                byte[] value = new byte[random.nextInt(random.nextInt(8) == 0 ? 65_537 : 40)];
                random.nextBytes(value);
                boolean hasMode = random.nextBoolean();
                int mode = random.nextInt(010000);
                String name = attributeName();
                length = log.setXattr(ino, name, value, hasMode ? SetXattrRecord.FLAG_MODE : 0, mode);
                fits = model.setXattr(ino, name, value, hasMode, mode, log.timeNs);
            } else if (operation < 93) {
                long ino = file();
                boolean hasMode = random.nextBoolean();
                int mode = random.nextInt(010000);
                String name = attributeName();
                length = log.removeXattr(ino, name, hasMode ? RemoveXattrRecord.FLAG_MODE : 0, mode);
                fits = model.removeXattr(ino, name, hasMode, mode, log.timeNs);
            } else if (operation < 96) {
                long ino = orphan();
                length = log.purge(ino);
                fits = model.purge(ino);
            } else {
                length = operation % 2 == 0 ? log.sync() : log.pad(32 + 8 * random.nextInt(5));
                fits = true;
            }
            int rc = log.apply(fixture.writer, length);
            assertTrue(fits ? rc == 0 : Refusal.of(rc) != null, () -> fits + " but " + rc + " " + Refusal.of(rc));
        }

        void makeFiles(int count) {
            for (int i = 0; i < count; i++) {
                long ino = model.nextInode;
                fixture.take(log.make(1, ino, 0100644, "f" + i, ""));
                assertTrue(model.make(1, ino, 0100644, "f" + i, "", log.timeNs, log.sequence + 2));
            }
        }

        void changeContent() {
            long ino = 2 + random.nextInt(2);
            int grain = random.nextBoolean() ? 50 : 1;
            if (random.nextInt(8) == 0) {
                int size = random.nextInt(700 / grain) * grain;
                fixture.take(log.setAttributes(ino, 8, 0, size));
                assertTrue(model.setAttributes(ino, 8, 0, size, false, log.timeNs));
                return;
            }
            int offset = random.nextInt(4) == 0 ? (int) sizeOf(ino) : random.nextInt(500 / grain) * grain;
            int pieces =
                    1 + random.nextInt(4); // what follows itself in file and stream is one extent, but for segments
            for (int i = 0; i < pieces; i++) {
                int bytes = (1 + random.nextInt(200 / grain)) * grain;
                long room = IndexFixture.SEGMENT_BYTES - dataPosition % IndexFixture.SEGMENT_BYTES;
                bytes = (int) Math.min(bytes, room);
                fixture.take(log.write(ino, offset, dataPosition, bytes, 0));
                assertTrue(model.write(ino, offset, dataPosition, bytes, false, false, log.timeNs));
                offset += bytes;
                dataPosition += bytes;
            }
        }

        void shareContent() {
            long source = 2 + random.nextInt(3);
            long ino = 2 + random.nextInt(3);
            int grain = random.nextBoolean() ? 50 : 1;
            int bytes = (1 + random.nextInt(300 / grain)) * grain;
            int from = random.nextInt(600 / grain) * grain;
            int to = random.nextInt(4) == 0 ? from : random.nextInt(600 / grain) * grain;
            if (random.nextInt(8) == 0) {
                fixture.take(log.punch(ino, to, bytes, 0));
                assertTrue(model.punch(ino, to, bytes, false, false, log.timeNs));
                return;
            }
            int length = log.cloneRange(source, from, ino, to, bytes, 0);
            if (model.cloneRange(source, from, ino, to, bytes, false, log.timeNs)) {
                fixture.take(length);
            } else {
                fixture.refuse(Refusal.OVERLAPS, length);
            }
        }

        /** A file of {@link #makeFiles} goes, with its name and content. */
        void remove(long ino) {
            String name = "f" + (ino - 2);
            fixture.take(log.unlink(1, ino, name, false));
            assertTrue(model.unlink(1, ino, name, false, log.timeNs));
            fixture.take(log.purge(ino));
            assertTrue(model.purge(ino));
        }

        /** Of every byte of the data stream that the file is more than once, all but the first go. */
        void punchWhatIsSharedWithin(long ino) {
            Set<Long> seen = new HashSet<>();
            long[] content = model.nodes.get(ino).content.clone();
            for (int i = 0; i < content.length; i++) {
                if (content[i] >= 0 && !seen.add(content[i])) {
                    fixture.take(log.punch(ino, i, 1, 0));
                    assertTrue(model.punch(ino, i, 1, false, false, log.timeNs));
                }
            }
        }

        private long cookie() {
            return log.sequence + 1 + NameEditor.COOKIE_OFFSET;
        }

        private String attributeName() {
            return random.nextInt(3) == 0 ? "security.capability" : "user.a" + random.nextInt(4);
        }

        private String name() {
            return "n" + random.nextInt(12);
        }

        private long directory() {
            List<Long> all = model.nodes.values().stream()
                    .filter(IndexModel.Node::isDirectory)
                    .map(n -> n.ino)
                    .toList();
            return random.nextInt(30) == 0 ? anyInode() : all.get(random.nextInt(all.size()));
        }

        private String existingName(long directory) {
            IndexModel.Node node = model.nodes.get(directory);
            if (node == null || node.names.isEmpty() || random.nextInt(20) == 0) {
                return name();
            }
            List<String> names = List.copyOf(node.names.keySet());
            return names.get(random.nextInt(names.size()));
        }

        private long inoOf(long directory, String name) {
            IndexModel.Node node = model.nodes.get(directory);
            IndexModel.Name found = node == null ? null : node.names.get(name);
            if (random.nextInt(30) == 0) {
                return anyInode();
            }
            return found == null ? 0 : found.ino();
        }

        private long file() {
            List<Long> all = model.nodes.values().stream()
                    .filter(IndexModel.Node::isFile)
                    .map(n -> n.ino)
                    .limit(4)
                    .toList();
            return all.isEmpty() || random.nextInt(30) == 0 ? anyInode() : all.get(random.nextInt(all.size()));
        }

        private long orphan() {
            List<Long> all = model.nodes.values().stream()
                    .filter(n -> n.nlink == 0)
                    .map(n -> n.ino)
                    .toList();
            return all.isEmpty() ? anyInode() : all.get(random.nextInt(all.size()));
        }

        private long anyInode() {
            return 1 + random.nextLong(model.nextInode + 1);
        }

        private long sizeOf(long ino) {
            IndexModel.Node node = model.nodes.get(ino);
            return node == null ? 0 : Math.min(node.size, FILE_BYTES_MAX);
        }
    }
}
