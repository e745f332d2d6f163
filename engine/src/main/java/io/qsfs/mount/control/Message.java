package io.qsfs.mount.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.qsfs.mount.Progress;

/**
 * What the mount process says, one JSON object a line: any number of lines, warnings and progress, then one result or error.
 * Exactly one field is set, but for {@code exit}, which comes with an error.
 *
 * @param line     text for the user.
 * @param warning  one sentence.
 * @param progress of a long step.
 * @param result   what the command returned, a record of package {@code mount}.
 * @param error    one sentence; the command failed.
 * @param exit     exit code that goes with the error; 0 means 1.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Message(String line, String warning, Progress progress, JsonNode result, String error, int exit) {
    /** For requests, messages and reports; newer fields are ignored. */
    public static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    public static Message line(String text) {
        return new Message(text, null, null, null, null, 0);
    }

    public static Message warning(String text) {
        return new Message(null, text, null, null, null, 0);
    }

    public static Message progress(Progress progress) {
        return new Message(null, null, progress, null, null, 0);
    }

    /** @param report a record of package {@code mount}. */
    public static Message result(Object report) {
        return new Message(null, null, null, JSON.valueToTree(report), null, 0);
    }

    public static Message error(String sentence, int exit) {
        return new Message(null, null, null, null, sentence, exit);
    }

    /** One line of JSON. */
    public String encode() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new AssertionError("a message of plain data does not encode", e);
        }
    }

    /** @return null when the line is no message. */
    public static Message decode(String line) {
        try {
            return JSON.readValue(line, Message.class);
        } catch (JsonProcessingException e) {
            return null;
        }
    }
}
