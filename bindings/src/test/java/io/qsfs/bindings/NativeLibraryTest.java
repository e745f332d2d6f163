package io.qsfs.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** A missing library is a sentence that says what to do; a missing symbol names library and symbol. */
class NativeLibraryTest {
    @Test
    void shouldNameThePackageWhenNoFileOpens() {
        NativeLibrary missing = NativeLibrary.load("libnone", "libnone1", List.of("libnone.so.2", "libnone.so.1"));
        assertFalse(missing.isAvailable());
        assertNull(missing.soname());
        assertEquals(
                "libnone cannot be loaded (tried libnone.so.2, libnone.so.1): install the Debian package libnone1.",
                missing.unavailabilityCause());
        assertTrue(missing.find("anything").isEmpty());
        UnsatisfiedLinkError e = assertThrows(UnsatisfiedLinkError.class, missing::require);
        assertEquals(missing.unavailabilityCause(), e.getMessage());
        assertThrows(UnsatisfiedLinkError.class, () -> missing.address("anything"));
    }

    @Test
    void shouldTakeTheFirstFileThatOpens() {
        NativeLibrary libc = NativeLibrary.load("libc", "libc6", List.of("libnone.so.9", "libc.so.6"));
        assertTrue(libc.isAvailable());
        assertEquals("libc.so.6", libc.soname());
        assertNull(libc.unavailabilityCause());
        assertTrue(libc.find("getpid").isPresent());
        UnsatisfiedLinkError e = assertThrows(UnsatisfiedLinkError.class, () -> libc.address("no_such_function"));
        assertEquals("libc.so.6 has no symbol no_such_function", e.getMessage());
    }
}
