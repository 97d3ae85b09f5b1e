package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A JSON object from an untrusted file, which must follow the standard. */
final class StrictJson {

    /** The position in a message of Gson, which otherwise advises how to be lenient. */
    private static final Pattern PLACE = Pattern.compile(" at line .*");

    private final JsonReader in;
    private final String what;

    private StrictJson(String text, String what) {
        in = new JsonReader(new StringReader(text));
        in.setStrictness(Strictness.STRICT);
        this.what = what;
    }

    /** Reads the fields of an object. */
    @FunctionalInterface
    interface Fields {

        /**
         * Reads one field.
         *
         * @param name the name of the field
         * @param json this reader, before the value
         */
        void read(String name, StrictJson json) throws IOException, MalformedModelException;
    }

    /**
     * Reads a whole text.
     *
     * @param utf8 the text, which must be one object
     * @param what the text's name in messages
     * @param fields reads the fields of the object
     */
    static void read(ByteBuffer utf8, String what, Fields fields) throws MalformedModelException {
        StrictJson json = new StrictJson(text(utf8, what), what);
        try {
            json.in.beginObject();
            while (json.in.hasNext()) {
                fields.read(json.in.nextName(), json);
            }
            json.in.endObject();
            json.expect(JsonToken.END_DOCUMENT, "after the object");
        } catch (IOException | IllegalStateException e) {
            Matcher where = PLACE.matcher(String.valueOf(e.getMessage()));
            throw new MalformedModelException(
                    what + " is malformed JSON" + (where.find() ? where.group() : ""), e);
        }
    }

    private static String text(ByteBuffer utf8, String what) throws MalformedModelException {
        if (!utf8.hasRemaining() || utf8.get(utf8.position()) != '{') {
            throw new MalformedModelException(
                    "expected "
                            + what
                            + " to start with { but it "
                            + (utf8.hasRemaining()
                                    ? String.format(
                                            Locale.ROOT,
                                            "starts with %02x",
                                            utf8.get(utf8.position()))
                                    : "is empty"));
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedModelException(what + " is not UTF-8", e);
        }
    }

    /** Reads an object inside. */
    void object(String where, Fields fields) throws IOException, MalformedModelException {
        expect(JsonToken.BEGIN_OBJECT, where);
        in.beginObject();
        while (in.hasNext()) {
            fields.read(in.nextName(), this);
        }
        in.endObject();
    }

    String string(String where) throws IOException, MalformedModelException {
        expect(JsonToken.STRING, where);
        return in.nextString();
    }

    /** Returns the reader, which stands before a value. */
    JsonReader in() {
        return in;
    }

    void expect(JsonToken token, String where) throws IOException, MalformedModelException {
        if (in.peek() != token) {
            throw new MalformedModelException(
                    "expected " + token + " " + where + " in " + what + " but found " + in.peek());
        }
    }
}
