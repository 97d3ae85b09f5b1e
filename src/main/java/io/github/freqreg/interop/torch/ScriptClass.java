package io.github.freqreg.interop.torch;

import java.util.Map;
import java.util.Set;

/**
 * A class of TorchScript source.
 *
 * @param isModule whether it is a module
 * @param attributes the declared types by name, in the order of the source
 * @param parameters the names of the attributes that are parameters
 * @param buffers the names of the attributes that are buffers
 * @param methods the methods by name
 */
record ScriptClass(
        boolean isModule,
        Map<String, String> attributes,
        Set<String> parameters,
        Set<String> buffers,
        Map<String, ScriptFunction> methods) {}
