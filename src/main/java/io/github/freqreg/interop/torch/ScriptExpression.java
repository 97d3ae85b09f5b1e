package io.github.freqreg.interop.torch;

import java.util.List;

/**
 * An expression of TorchScript source, as far as weights flow through it.
 *
 * @param kind what it is
 * @param text the name of a name, attribute or argument, or the text of a literal
 * @param parts the function and arguments of a call, the object of an attribute, the items of a
 *     list, or what another expression is made of
 */
record ScriptExpression(Kind kind, String text, List<ScriptExpression> parts) {

    /** What an expression is. */
    enum Kind {
        /** A name. */
        NAME,
        /** A number or string. */
        LITERAL,
        /** An attribute of the first part. */
        ATTRIBUTE,
        /** A call of the first part with the others as arguments. */
        CALL,
        /** An argument of a call with a name. */
        ARGUMENT,
        /** A list or tuple. */
        ITEMS,
        /** An element of the first part. */
        ELEMENT,
        /** Any other. */
        OTHER
    }
}
