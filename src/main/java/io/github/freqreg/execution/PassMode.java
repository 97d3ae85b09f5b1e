package io.github.freqreg.execution;

import io.github.freqreg.Internal;

/** What the output of a pass is for. */
@Internal
public enum PassMode {
    /** A backward pass may follow. */
    TRAINING,
    /** Like {@link #TRAINING}; in addition, a normalisation follows that can be fused. */
    FUSIBLE_TRAINING,
    /** No backward pass follows. */
    INFERENCE,
    /** Like {@link #INFERENCE}; in addition, a block follows that can be fused with the layer. */
    FUSIBLE_INFERENCE
}
