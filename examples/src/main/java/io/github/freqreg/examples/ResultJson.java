package io.github.freqreg.examples;

import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** Reads what {@code train --json} writes. */
final class ResultJson {

    private ResultJson() {}

    /**
     * Reads a result.
     *
     * @param file the path
     * @param reading takes what is wanted
     * @return what was taken
     * @throws DataException if the file holds anything else
     */
    static <T> T read(Path file, Function<JsonObject, T> reading) throws IOException {
        try {
            return reading.apply(JsonUtils.GSON.fromJson(Files.readString(file), JsonObject.class));
        } catch (JsonParseException
                | NullPointerException
                | IllegalStateException
                | UnsupportedOperationException
                | ClassCastException
                | NumberFormatException e) {
            throw new DataException(
                    file + ": expected what train --json has written: " + e.getMessage(), e);
        }
    }
}
