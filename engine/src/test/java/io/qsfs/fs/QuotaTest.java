package io.qsfs.fs;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class QuotaTest {
    @Test
    void shouldHaveRoomUpToTheLimitAndNotBehind() {
        Quota quota = new Quota(1000, 3);
        quota.used(900, 2);
        assertTrue(quota.hasRoomFor(100));
        assertFalse(quota.hasRoomFor(101));
        assertTrue(quota.hasRoomForInode());
        quota.used(900, 3);
        assertFalse(quota.hasRoomForInode());
    }

    @Test
    void shouldLetGoOnWhatDoesNotGrowAVolumeAboveItsLimit() {
        Quota quota = new Quota(1000, 3);
        quota.used(5000, 10);
        assertTrue(quota.hasRoomFor(0));
        assertTrue(quota.hasRoomFor(-4096));
        assertFalse(quota.hasRoomFor(1));
        assertFalse(quota.hasRoomForInode());
    }

    @Test
    void shouldNotLimitWithoutOne() {
        Quota quota = Quota.none();
        quota.used(Long.MAX_VALUE, Long.MAX_VALUE);
        assertTrue(quota.hasRoomFor(Long.MAX_VALUE));
        assertTrue(quota.hasRoomForInode());
    }
}
