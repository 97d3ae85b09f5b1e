package io.github.freqreg.block;

import ai.djl.nn.Block;

/** Takes the place of a block and computes the same in another way. */
interface StandIn extends Block {

    /** Returns the block that this one replaces. */
    Block getOriginal();
}
