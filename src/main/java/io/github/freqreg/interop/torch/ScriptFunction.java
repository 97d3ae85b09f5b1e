package io.github.freqreg.interop.torch;

import java.util.List;

/**
 * A function or method of TorchScript source.
 *
 * @param parameters the names of its parameters; the first of a method is the object
 * @param body the statements of all branches, in order
 */
record ScriptFunction(List<String> parameters, List<ScriptStatement> body) {}
