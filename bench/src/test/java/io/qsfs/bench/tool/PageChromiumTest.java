package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the page is whole in a real browser: nothing is fetched, nothing complained of, and at 360 px nothing hangs
 * out. Method: headless Chromium; the pictures are left in {@code target/screenshots} to be looked at.
 */
@Timeout(300)
class PageChromiumTest {
    @TempDir(cleanup = CleanupMode.ALWAYS)
    Path folder;

    private static final Path PICTURES = Path.of("target", "screenshots");

    @Test
    void shouldShowEverywhere() throws Exception {
        Report before = Reports.full(1);
        Report after = Reports.full(0.8);
        Path one = folder.resolve("one.html");
        Path two = folder.resolve("two.html");
        Report.writeText(one, HtmlReport.of(before));
        Report.writeText(two, HtmlReport.of(before, after, Comparison.of(before, after)));
        Files.createDirectories(PICTURES);
        try (Chromium chromium = new Chromium(folder.resolve("profile"))) {
            for (Path page : List.of(one, two)) {
                String light = look(chromium, page, 1100, false);
                String dark = look(chromium, page, 1100, true);
                assertNotEquals(light, dark, "the background follows the preference");
                look(chromium, page, 360, false);
                look(chromium, page, 360, true);
            }
            assertEquals(List.of(), chromium.complaints);
            List<String> fetched = chromium.requests.stream()
                    .filter(url -> !url.startsWith("data:")
                            && !url.equals(one.toUri().toString())
                            && !url.equals(two.toUri().toString()))
                    .toList();
            assertEquals(List.of(), fetched);
        }
    }

    /** Looks at one page; the colour of its background. */
    private String look(Chromium chromium, Path page, int width, boolean isDark) throws Exception {
        chromium.show(page, width, isDark);
        String name = page.getFileName().toString().replace(".html", "") + "-" + width + (isDark ? "-dark" : "-light");
        chromium.shoot(PICTURES.resolve(name + ".png"));
        assertEquals(
                width, chromium.evaluate("document.documentElement.scrollWidth").asInt(), name + " hangs out");
        String outside = chromium.evaluate("[...document.querySelectorAll('main *')]"
                        + ".filter(e => !e.closest('.table, pre, svg') && e.getBoundingClientRect().right > innerWidth + 1)"
                        + ".map(e => e.tagName + ' ' + e.textContent.slice(0, 40)).join('; ')")
                .asText();
        assertEquals("", outside, name);
        String small = chromium.evaluate("[...document.querySelectorAll('figure > svg')]"
                        + ".filter(s => s.getBoundingClientRect().width / s.viewBox.baseVal.width * 12 < 9).length")
                .asText();
        assertEquals("0", small, "text of charts is at least 9 px high in " + name);
        assertTrue(
                chromium.evaluate("document.querySelectorAll('table').length").asInt() > 0,
                "a table beside the charts");
        assertTrue(
                chromium.evaluate("[...document.querySelectorAll('figure > svg')]"
                                + ".every(s => s.getAttribute('role') == 'img' && s.getAttribute('aria-label'))")
                        .asBoolean(),
                "charts have names");
        return chromium.evaluate("getComputedStyle(document.body).backgroundColor")
                .asText();
    }
}
