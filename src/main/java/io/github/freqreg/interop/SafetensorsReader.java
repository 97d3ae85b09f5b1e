package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.github.freqreg.format.checks.FileChecks;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Reads a {@code .safetensors} file, and rejects any deviation from the specification.
 *
 * <pre>
 * file   = length of the header in 8 bytes, little-endian, header, data
 * header = a JSON object, then spaces: {"name": {"dtype": "F32", "shape": [2, 3],
 *          "data_offsets": [from, to]}, …, "__metadata__": {"any": "text"}}
 * </pre>
 *
 * <p>Offsets count from the start of the data, which the arrays fill without gaps or overlaps. The
 * order of the header has no meaning: writers sort it or take it from a hash table.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the safetensors format</a>
 */
final class SafetensorsReader {

    /** The largest header, in bytes. */
    static final int MAX_HEADER = 1 << 24;

    static final String METADATA = "__metadata__";
    private static final Pattern COUNT = Pattern.compile("0|[1-9][0-9]{0,17}");

    /** The position in a message of Gson, which otherwise advises how to be lenient. */
    private static final Pattern PLACE = Pattern.compile(" at line .*");

    private final JsonReader in;
    private final List<Entry> entries = new ArrayList<>();

    private SafetensorsReader(String header) {
        in = new JsonReader(new StringReader(header));
        in.setStrictness(Strictness.STRICT);
    }

    /** An array as the header describes it. */
    private record Entry(String name, ElementType type, long[] extents, long from, long to) {}

    /** Returns the arrays in the order of their bytes. */
    static List<RawArray> read(byte[] file) throws MalformedModelException {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.remaining() < Long.BYTES) {
            throw new MalformedModelException(
                    "expected the length of a header in 8 bytes but the file has " + file.length);
        }
        long length = bytes.getLong();
        int most = Math.min(MAX_HEADER, bytes.remaining());
        if (length < 2 || length > most) {
            throw new MalformedModelException(
                    "expected a header of 2 to "
                            + most
                            + " bytes but its length is "
                            + Long.toUnsignedString(length));
        }
        String header = text(bytes.slice(Long.BYTES, (int) length));
        ByteBuffer data = bytes.slice(Long.BYTES + (int) length, bytes.remaining() - (int) length);
        return arrays(new SafetensorsReader(header).header(), data);
    }

    private static String text(ByteBuffer header) throws MalformedModelException {
        if (header.get(0) != '{') {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected a header that starts with { but it starts with %02x",
                            header.get(0)));
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(header).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedModelException("the header is not UTF-8", e);
        }
    }

    private static List<RawArray> arrays(List<Entry> entries, ByteBuffer data)
            throws MalformedModelException {
        entries.sort(Comparator.comparingLong(Entry::from).thenComparingLong(Entry::to));
        List<RawArray> arrays = new ArrayList<>();
        long end = 0;
        for (Entry entry : entries) {
            if (entry.from != end || entry.to < end || entry.to > data.remaining()) {
                throw new MalformedModelException(
                        "expected array "
                                + entry.name
                                + " to start at byte "
                                + end
                                + " and to end at most at byte "
                                + data.remaining()
                                + " but it takes the bytes "
                                + entry.from
                                + " to "
                                + entry.to);
            }
            end = entry.to;
            ByteBuffer bytes = data.slice((int) entry.from, (int) (entry.to - entry.from));
            arrays.add(RawArray.of(entry.name, entry.type, entry.extents, bytes));
        }
        if (end != data.remaining()) {
            throw new MalformedModelException(
                    "expected the "
                            + end
                            + " bytes of the arrays after the header but found "
                            + data.remaining());
        }
        return arrays;
    }

    private List<Entry> header() throws MalformedModelException {
        try {
            Set<String> names = new HashSet<>();
            in.beginObject();
            while (in.hasNext()) {
                String name = in.nextName();
                RawArray.checkName(name, names);
                if (name.equals(METADATA)) {
                    metadata();
                } else {
                    entries.add(entry(name));
                }
            }
            in.endObject();
            expect(JsonToken.END_DOCUMENT, "after the object");
            return entries;
        } catch (IOException | IllegalStateException e) {
            Matcher where = PLACE.matcher(String.valueOf(e.getMessage()));
            throw new MalformedModelException(
                    "the header is malformed JSON" + (where.find() ? where.group() : ""), e);
        }
    }

    /** Skips the metadata, strings by key. */
    private void metadata() throws IOException, MalformedModelException {
        Set<String> names = new HashSet<>();
        expect(JsonToken.BEGIN_OBJECT, in(METADATA));
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            if (!names.add(name)) {
                throw new MalformedModelException(
                        "the key " + name + " of " + METADATA + " appears twice");
            }
            expect(JsonToken.STRING, in(METADATA));
            // Not skipValue, which would not check the characters.
            String unused = in.nextString();
        }
        in.endObject();
    }

    private Entry entry(String name) throws IOException, MalformedModelException {
        ElementType type = null;
        long[] extents = null;
        long[] offsets = null;
        expect(JsonToken.BEGIN_OBJECT, in(name));
        in.beginObject();
        while (in.hasNext()) {
            String field = in.nextName();
            if (field.equals("dtype") && type == null) {
                type = type(name);
            } else if (field.equals("shape") && extents == null) {
                extents = counts(name);
            } else if (field.equals("data_offsets") && offsets == null) {
                offsets = counts(name);
            } else {
                throw new MalformedModelException(
                        "expected dtype, shape and data_offsets of array "
                                + name
                                + ", each once, but found "
                                + field);
            }
        }
        in.endObject();
        if (type == null || extents == null || offsets == null || offsets.length != 2) {
            throw new MalformedModelException(
                    "expected dtype, shape and two data_offsets of array "
                            + name
                            + " but at least one is missing");
        }
        return new Entry(name, type, extents, offsets[0], offsets[1]);
    }

    private ElementType type(String name) throws IOException, MalformedModelException {
        expect(JsonToken.STRING, in(name));
        String text = in.nextString();
        for (ElementType type : ElementType.values()) {
            if (type.safetensors().equals(text)) {
                return type;
            }
        }
        throw new MalformedModelException(
                "expected array "
                        + name
                        + " of dtype "
                        + Arrays.stream(ElementType.values())
                                .map(ElementType::safetensors)
                                .collect(Collectors.joining(", "))
                        + " but found "
                        + text
                        + ": convert it to F32 before saving");
    }

    /** Reads extents or offsets: integers of 0 or more. */
    private long[] counts(String name) throws IOException, MalformedModelException {
        List<Long> counts = new ArrayList<>();
        expect(JsonToken.BEGIN_ARRAY, in(name));
        in.beginArray();
        while (in.hasNext()) {
            expect(JsonToken.NUMBER, in(name));
            String text = in.nextString();
            if (!COUNT.matcher(text).matches()) {
                throw new MalformedModelException(
                        "expected counts of 0 or more in array " + name + " but found " + text);
            }
            if (counts.size() == FileChecks.MAX_RANK) {
                throw new MalformedModelException(
                        "expected at most " + FileChecks.MAX_RANK + " axes of array " + name);
            }
            counts.add(Long.parseLong(text));
        }
        in.endArray();
        return counts.stream().mapToLong(count -> count).toArray();
    }

    private static String in(String name) {
        return "in the entry of " + name;
    }

    private void expect(JsonToken token, String where) throws IOException, MalformedModelException {
        if (in.peek() != token) {
            throw new MalformedModelException(
                    "expected " + token + " " + where + " in the header but found " + in.peek());
        }
    }
}
