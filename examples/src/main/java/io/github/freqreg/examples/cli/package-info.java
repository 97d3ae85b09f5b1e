/**
 * The commands of the program. Only {@code Main} is public.
 *
 * <p>Read {@link io.github.freqreg.examples.cli.Main}, then {@code TrainCommand}, the main command:
 *
 * <ul>
 *   <li>It reads its options: {@code NetworkArguments} (with {@code ShapeArguments} and {@code
 *       DeviceArgument}) choose the network, its data and device; {@code AmountOptions} how much is
 *       kept; {@code CompressionOptions} (with {@code AxisOptions}) how; {@code LearningOptions}
 *       how the network is trained; {@code SaveOptions}, {@code NamesOption}, {@code PlotOption}
 *       and {@code JsonOption} what is written. Each checks its own values by {@code Usage}.
 *   <li>{@code PolicyFactory} makes the policy from them, {@code TrainRun} trains, saves and
 *       measures one network, {@code TrainReport} shows the results.
 * </ul>
 *
 * <p>The other commands share these options: {@code CompressCommand}, {@code EvaluateCommand},
 * {@code SegmentCommand}, {@code InspectCommand} (with {@code FrqReport}), {@code CompareCommand},
 * {@code ImportCommand} and {@code ExportCommand}. {@code Choice} and {@code PngName} parse values.
 */
@NullMarked
package io.github.freqreg.examples.cli;

import org.jspecify.annotations.NullMarked;
