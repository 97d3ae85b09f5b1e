/**
 * Learning curves, charts, HTML pages and JSON files of results.
 *
 * <ul>
 *   <li>{@code ResultJson} is the JSON file of a result. {@code Learning} has the learning curves
 *       of a training or of such a file, and {@code Curves} draws them.
 *   <li>{@code Contents} are the tensors of a {@code .frq} file. {@code Figures} prepares the
 *       charts of a file; each is a {@code Figure}.
 *   <li>{@code DotPlot} draws the bytes of each tensor, {@code Filters} the filters of the first
 *       layer, {@code FoldedSpectrum} and {@code HeatMap} the spectrum of a tensor, and {@code
 *       Histogram} its coefficients on a scale of {@code Magnitudes}.
 *   <li>{@code HtmlReport} writes all charts of a file as one page. {@code Theme} has the colours,
 *       {@code Charts} renders charts as images, {@code Labels} shortens and escapes names.
 * </ul>
 */
@NullMarked
package io.github.freqreg.examples.report;

import org.jspecify.annotations.NullMarked;
