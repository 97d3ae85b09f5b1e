package io.github.freqreg;

import static org.junit.jupiter.api.Assertions.assertTrue;

/** Assertions about the text of errors and logs. */
public final class Messages {

    private Messages() {}

    /** Fails unless the message of an error contains all of some words. */
    public static void assertContains(Exception failure, String... words) {
        assertContains(failure.getMessage(), words);
    }

    /** Fails unless a text contains all of some words. */
    public static void assertContains(String text, String... words) {
        for (String word : words) {
            assertTrue(text.contains(word), text + " should name " + word);
        }
    }
}
