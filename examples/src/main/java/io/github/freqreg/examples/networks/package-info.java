/**
 * The networks of the paper, in its shapes, as plain DJL blocks. Each has a width, so that small
 * machines can train a narrow one. None knows of frequencies: a policy wraps them as it wraps any
 * block.
 *
 * <p>Classifiers: {@code LeNet}, {@code AlexNet}, {@code Vgg}, {@code ResNet18}, {@code
 * VisionTransformer}. Segmentation: {@code UNet}. Generators of images: {@code Vae} and {@code
 * Dcgan}.
 */
@NullMarked
package io.github.freqreg.examples.networks;

import org.jspecify.annotations.NullMarked;
