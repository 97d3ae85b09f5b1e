package io.github.freqreg.execution;

import io.github.freqreg.Internal;

/** What the output of a pass is for. */
@Internal
public enum PassMode {
    /** A backward pass may follow. */
    TRAINING,
    /** Like {@link #TRAINING}; in addition, a block follows that does not need all channels. */
    FUSIBLE_TRAINING,
    /** No backward pass follows. */
    INFERENCE,
    /** Like {@link #INFERENCE}; in addition, a block follows that does not need all channels. */
    FUSIBLE_INFERENCE
}
