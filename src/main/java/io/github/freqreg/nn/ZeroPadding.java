package io.github.freqreg.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Internal;

/** Pads images with zeros. */
@Internal
public final class ZeroPadding {

    private ZeroPadding() {}

    /**
     * Pads images to given extents; along each axis, the smaller half of the zeros goes before the
     * image.
     *
     * @param image images (batch, channels, …)
     * @param places the extents after the channels, none below those of the image
     * @return the padded images on the same manager; the image itself if nothing is missing
     */
    public static NDArray pad(NDArray image, Shape places) {
        NDArray padded = image;
        for (int i = 0; i < places.dimension(); i++) {
            NDArray wider = pad(padded, 2 + i, places.get(i));
            if (wider != padded && padded != image) {
                padded.close();
            }
            padded = wider;
        }
        return padded;
    }

    private static NDArray pad(NDArray image, int axis, long extent) {
        long missing = extent - image.getShape().get(axis);
        if (missing == 0) {
            return image;
        }
        NDList parts = new NDList();
        long before = missing / 2;
        if (before > 0) {
            parts.add(zeros(image, axis, before));
        }
        parts.add(image);
        parts.add(zeros(image, axis, missing - before));
        NDArray padded = NDArrays.concat(parts, axis);
        parts.stream().filter(part -> part != image).forEach(NDArray::close);
        return padded;
    }

    private static NDArray zeros(NDArray image, int axis, long extent) {
        long[] extents = image.getShape().getShape().clone();
        extents[axis] = extent;
        return image.getManager().zeros(new Shape(extents), image.getDataType(), image.getDevice());
    }
}
