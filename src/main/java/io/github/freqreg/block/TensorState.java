package io.github.freqreg.block;

import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.Collection;
import java.util.List;

/**
 * What the weights of a tensor depend on besides its coefficients.
 *
 * @param step the quantisation step
 * @param kept the number of coefficients in use
 * @param axes the axes of the transform
 */
record TensorState(float step, int kept, FrequencyAxes axes) {

    static List<TensorState> of(Collection<SpectralParameter> tensors) {
        return tensors.stream()
                .map(each -> new TensorState(each.getStep(), each.getKept(), each.getAxes()))
                .toList();
    }
}
