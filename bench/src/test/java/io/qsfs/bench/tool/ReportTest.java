package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.config.QsfsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Goal: what is written is read back, and nothing else is taken for it. Method: files. */
class ReportTest {
    @TempDir
    Path folder;

    @Test
    void shouldReadWhatItWrote() {
        Report report = Reports.full(1);
        Path file = folder.resolve("r.json");
        report.write(file);
        assertEquals(report, Report.read(file));
    }

    private String refusal(String content) throws Exception {
        Path file = Files.writeString(folder.resolve("x.json"), content);
        return assertThrows(QsfsException.class, () -> Report.read(file)).getMessage();
    }

    @Test
    void shouldRefuseWhatIsNotAReport() throws Exception {
        assertTrue(refusal("{").contains("is not a result of qsfs-bench"));
        assertTrue(refusal("[]").contains("it has no format number"));
        assertTrue(refusal("{\"format\":1}").contains("parts are missing"));
        assertTrue(refusal("{\"format\":\"one\"}").contains("it has no format number"));
        assertTrue(refusal("{\"format\":2}").contains("compare with the newer program"));
        assertThrows(QsfsException.class, () -> Report.read(folder.resolve("none.json")));
    }

    @Test
    void shouldIgnoreFieldsOfALaterVersion() {
        Report report = Reports.of(Reports.metric("a", true, 1.0));
        String text = report.toJson().replaceFirst("\\{", "{ \"later\" : 1,");
        Path file = folder.resolve("later.json");
        Report.writeText(file, text);
        assertEquals(report, Report.read(file));
    }

    /** Nothing on the page is fetched, run, or taken for markup. */
    @Test
    void shouldWriteAPageOfItsOwn() {
        String page = HtmlReport.of(Reports.full(1));
        assertFalse(page.contains("<script"), "no script");
        assertFalse(page.matches("(?s).*(src|href)=\"(?!data:).*"), "nothing to fetch");
        assertFalse(page.contains("url("), "nothing to fetch");
        assertFalse(page.contains("<b>so</b>"), "text stays text");
        assertTrue(page.contains("&lt;b&gt;so&lt;/b&gt;"));
        assertTrue(page.contains("<table>"), "a table beside the charts");
    }
}
