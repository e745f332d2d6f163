package io.qsfs.bindings.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import org.junit.jupiter.api.Test;

/** The literals of {@link Linux} are those that jextract read from the headers. */
class LinuxConstantsTest {
    @Test
    void shouldEqualWhatJextractRead() throws ReflectiveOperationException {
        int compared = 0;
        for (Field field : LinuxConstants.class.getDeclaredFields()) {
            if (field.getName().equals("STATX_MNT_ID_UNIQUE")) {
                continue; // newer than the headers
            }
            assertTrue(Modifier.isFinal(field.getModifiers()), field.getName());
            Number generated = (Number) linux_h.class.getMethod(field.getName()).invoke(null);
            assertEquals(generated, field.get(null), field.getName());
            compared++;
        }
        assertTrue(compared > 300, "constants: " + compared);
    }
}
