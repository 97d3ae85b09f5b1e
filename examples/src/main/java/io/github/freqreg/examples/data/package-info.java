/**
 * Data sets and images.
 *
 * <ul>
 *   <li>Read {@code Images}, square images of ten classes, which {@code Digits} and {@code Cifar}
 *       read (by {@code Packed}) and {@code DrawnShapes} draws; {@code Variation} moves, turns and
 *       mirrors them, and an {@code Example} holds their arrays. {@code DataSet} identifies them.
 *   <li>Then {@code Scene}, an image with the mask of one object: drawn with {@code Texture}s, or
 *       read from an {@code ImagePair} of files. {@code ImageFile} reads photographs, upright by
 *       their {@code Orientation}, {@code ImageSize} is their size, {@code Masks} reads and writes
 *       masks.
 *   <li>{@code Sheet} sets images side by side, {@code PngFile} writes them. A {@code
 *       DataException} says in one line why data cannot be used.
 * </ul>
 */
@NullMarked
package io.github.freqreg.examples.data;

import org.jspecify.annotations.NullMarked;
