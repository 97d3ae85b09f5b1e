/**
 * The networks of the paper as plain DJL blocks, with the tensor shapes of the paper, and {@code
 * SeparableResNet} and {@code ConvNet}, which are made for small files. Most have a width, so that
 * small machines can train a narrow version. None depends on freqreg's compression: a policy wraps
 * them like any other block.
 *
 * <p>Classifiers: {@code LeNet}, {@code AlexNet}, {@code Vgg}, {@code ResNet18}, {@code
 * VisionTransformer}. Segmentation: {@code UNet}. Image generation: {@code Vae} and {@code Dcgan}.
 */
@NullMarked
package io.github.freqreg.examples.networks;

import org.jspecify.annotations.NullMarked;
