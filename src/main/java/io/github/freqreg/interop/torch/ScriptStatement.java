package io.github.freqreg.interop.torch;

import java.util.List;

/**
 * A simple statement of TorchScript source, or the condition of a compound one.
 *
 * @param targets the names that are assigned, in the order of the values; empty if none
 * @param values the values, of which one can be a tuple for all targets
 * @param isReturn whether the values are those of the function
 * @param depth how many blocks inside the function it is
 */
record ScriptStatement(
        List<String> targets, List<ScriptExpression> values, boolean isReturn, int depth) {}
