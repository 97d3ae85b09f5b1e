package io.github.freqreg.training;

import java.util.Locale;

/** What a {@link Compressor} aims at: a file of a given size, or the smallest with a given loss. */
sealed interface Goal {

    /** A file of at most a number of bytes. */
    record Bytes(long bytes) implements Goal {

        /** Checks the number. */
        public Bytes {
            if (bytes < 1) {
                throw new IllegalArgumentException("The bytes must be 1 or more but are " + bytes);
            }
        }

        /** {@inheritDoc} */
        @Override
        public String toString() {
            return bytes + " bytes";
        }
    }

    /** The smallest file whose validation figure is at most this much worse than the dense one. */
    record AllowedLoss(double loss) implements Goal {

        /** Checks the loss. */
        public AllowedLoss {
            if (!(loss >= 0) || Double.isInfinite(loss)) {
                throw new IllegalArgumentException(
                        "The allowed loss must be 0 or more and finite but is " + loss);
            }
        }

        /** {@inheritDoc} */
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "a loss of %s", loss);
        }
    }
}
