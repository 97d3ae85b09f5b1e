/**
 * Data sets and images.
 *
 * <ul>
 *   <li>{@code Images} holds square images of ten classes. {@code Digits} and {@code Cifar} read
 *       them from files, {@code DrawnShapes} generates them; {@code Packed} reads and decompresses
 *       files. {@code Variation} shifts, rotates and mirrors training images, an {@code Example} is
 *       a batch of arrays, and {@code DataSet} identifies the data of a result.
 *   <li>{@code Scene} is an image of one object with its mask. It is generated with {@code
 *       Texture}s, or read from an {@code ImagePair} of files. {@code ImageFile} decodes
 *       photographs and rotates them by their {@code Orientation}, {@code ImageSize} is their size,
 *       and {@code Masks} reads and writes masks.
 *   <li>{@code Sheet} arranges images in a grid, and {@code PngFile} writes images. A {@code
 *       DataException} says in one line why data cannot be used.
 * </ul>
 */
@NullMarked
package io.github.freqreg.examples.data;

import org.jspecify.annotations.NullMarked;
