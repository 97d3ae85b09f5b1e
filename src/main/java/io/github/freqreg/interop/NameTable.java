package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which array of a file is loaded into which parameter of a network, as a text that can be edited.
 *
 * <pre>
 * # comment
 * conv1.weight = 01Conv2d_weight
 * bn1.running_mean = 02BatchNorm_runningMean
 * </pre>
 *
 * <p>Each line has the name in the file, an equals sign between spaces, and the name in the
 * network. A parameter has one line; an array may have several, and then its values are copied to
 * each parameter. {@link DenseWeights#match} proposes a table, and lists in comments what is left
 * over.
 *
 * <p>An immutable class, safe for concurrent use.
 */
public final class NameTable {

    private static final int MAX_BYTES = 1 << 24;
    private static final String IS = " = ";

    /** What a line cannot have: line breaks and other control characters. */
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}\\x{85}\\x{2028}\\x{2029}]");

    private final Map<String, String> theirsByOurs;
    private final List<String> unusedArrays;
    private final List<String> openParameters;
    private final String text;

    /** Creates a table of lines and of the comments that its text has. */
    NameTable(
            Map<String, String> theirsByOurs,
            List<String> unusedArrays,
            List<String> openParameters,
            String text) {
        this.theirsByOurs = new LinkedHashMap<>(theirsByOurs);
        this.unusedArrays = List.copyOf(unusedArrays);
        this.openParameters = List.copyOf(openParameters);
        this.text = text;
    }

    /** Returns whether a line can have these names. */
    static boolean isWritable(String theirs, String ours) {
        String line = theirs + IS + ours;
        return !CONTROL.matcher(line).find()
                && theirs.equals(theirs.strip())
                && ours.equals(ours.strip())
                && !theirs.isEmpty()
                && !line.startsWith("#")
                && line.indexOf(IS) == theirs.length()
                && line.lastIndexOf(IS) == theirs.length();
    }

    /** Returns a text without what would end a comment. */
    static String comment(String text) {
        return "# " + CONTROL.matcher(text).replaceAll("?") + "\n";
    }

    static String line(String theirs, String ours) {
        return theirs + IS + ours + "\n";
    }

    /**
     * Parses a table.
     *
     * @param text the lines
     * @return the table
     * @throws MalformedModelException if a line is not valid, or two lines have the same name in
     *     the network; the message has the number of the line
     */
    public static NameTable parse(String text) throws MalformedModelException {
        Map<String, String> theirsByOurs = new LinkedHashMap<>();
        int number = 0;
        for (String each : text.lines().toList()) {
            number++;
            String line = each.strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            int at = line.indexOf(IS);
            if (at < 0 || line.lastIndexOf(IS) != at) {
                throw new MalformedModelException(
                        "line "
                                + number
                                + ": expected 'name in the file = name in the network' but found "
                                + line);
            }
            String ours = line.substring(at + IS.length()).strip();
            if (theirsByOurs.put(ours, line.substring(0, at).strip()) != null) {
                throw new MalformedModelException(
                        "line " + number + ": " + ours + " has a line already");
            }
        }
        return new NameTable(theirsByOurs, List.of(), List.of(), text);
    }

    /**
     * Reads a table.
     *
     * @param file the path of a text in UTF-8
     * @return the table
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException as {@link #parse}; the message starts with the path
     */
    public static NameTable read(Path file) throws IOException, MalformedModelException {
        return WholeFile.read(file, MAX_BYTES, bytes -> parse(utf8(bytes)));
    }

    private static String utf8(byte[] bytes) throws MalformedModelException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedModelException("expected a text in UTF-8", e);
        }
    }

    /**
     * Writes the table, with its comments.
     *
     * @param file the path; an existing file is replaced
     * @throws IOException if the file cannot be written
     */
    public void write(Path file) throws IOException {
        WholeFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Returns the name in the file.
     *
     * @param ours the name of a parameter of the network
     * @return the name of the array that is loaded into it; empty if no line has the parameter
     */
    public Optional<String> arrayOf(String ours) {
        return Optional.ofNullable(theirsByOurs.get(ours));
    }

    /** Returns the names of the parameters that have a line. */
    Iterable<String> parameters() {
        return theirsByOurs.keySet();
    }

    /**
     * Returns the arrays that a {@linkplain DenseWeights#match proposed} table does not use.
     *
     * @return their names; empty for a table that was read
     */
    public List<String> unusedArrays() {
        return unusedArrays;
    }

    /**
     * Returns the parameters for which a {@linkplain DenseWeights#match proposed} table has no
     * array.
     *
     * @return their names; empty for a table that was read
     */
    public List<String> openParameters() {
        return openParameters;
    }

    /** Returns the text of the table, with its comments. */
    @Override
    public String toString() {
        return text;
    }
}
