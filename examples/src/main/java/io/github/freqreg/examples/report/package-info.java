/**
 * Results and files, shown: learning curves, charts, an HTML page and JSON.
 *
 * <p>Read {@code ResultJson}, the file with a result, and {@code Learning}, the learning curves in
 * it or of a training, which {@code Curves} draws. The contents of a {@code .frq} file are in
 * {@code Contents}; {@code Figures} lists the pictures of it, each a {@code Figure}. {@code
 * DotPlot} draws the bytes of its tensors, {@code Filters} those of the first layer, {@code
 * FoldedSpectrum} and {@code HeatMap} the spectrum of a tensor, {@code Histogram} its coefficients
 * on a scale of {@code Magnitudes}. {@code HtmlReport} puts all on a page. {@code Theme} has the
 * colours, {@code Charts} makes images of charts, {@code Labels} shortens and escapes names.
 */
@NullMarked
package io.github.freqreg.examples.report;

import org.jspecify.annotations.NullMarked;
