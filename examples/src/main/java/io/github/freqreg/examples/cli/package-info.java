/**
 * The command-line program: its commands and their options. Only {@code Main} is public.
 *
 * <p>Read {@link io.github.freqreg.examples.cli.Main}, then {@code TrainCommand}, the main command:
 *
 * <ul>
 *   <li>Its options are grouped by what they set: {@code NetworkArguments} (with {@code
 *       ShapeArguments} and {@code DeviceArgument}) the network, its data and the device; {@code
 *       ByteOptions} (with {@code NamesOption}) the bytes of the file, {@code AmountOptions} the
 *       numbers instead; {@code LearningOptions} how it is trained; {@code SaveOptions}, {@code
 *       PlotOption} and {@code JsonOption} the output. Each group checks its own values with {@code
 *       Usage}, and {@code HelpOptions} divides them into everyday ones and those for experts.
 *   <li>{@code PolicyFactory} builds the regularisation policy from the options, {@code TrainRun}
 *       trains, saves and measures one network, {@code TrainReport} presents the results.
 * </ul>
 *
 * <p>The other commands reuse these groups: {@code CompressCommand} (with {@code GoalOptions},
 * {@code CompressRun} and {@code CompressorFiles}), {@code EvaluateCommand}, {@code
 * SegmentCommand}, {@code InspectCommand} (with {@code FrqReport}), {@code CompareCommand}, {@code
 * ImportCommand} and {@code ExportCommand}. {@code Choice} and {@code PngName} convert option
 * values.
 */
@NullMarked
package io.github.freqreg.examples.cli;

import org.jspecify.annotations.NullMarked;
