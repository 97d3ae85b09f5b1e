package io.github.freqreg.execution;

/**
 * How a layer of a network computed a pass.
 *
 * @param name the name of its weight
 * @param layer the simple name of its class
 * @param pick how it computed
 */
public record LayerPick(String name, String layer, Pick pick) {}
