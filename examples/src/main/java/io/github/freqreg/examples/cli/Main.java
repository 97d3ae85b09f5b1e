package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.tasks.Descent;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Preset;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The command-line program of the examples. Without arguments it prints its help.
 *
 * <p>Exit codes: 0 for success, 1 for data or files that cannot be used, 2 for wrong arguments.
 */
@Command(
        name = "freqreg",
        description =
                "Trains, compresses, evaluates and inspects networks whose weights are cosine"
                        + " coefficients.",
        mixinStandardHelpOptions = true,
        footer = {"", "To begin with: freqreg train lenet"},
        version = "freqreg 0.1.0",
        subcommands = {
            TrainCommand.class,
            CompressCommand.class,
            CompareCommand.class,
            EvaluateCommand.class,
            SegmentCommand.class,
            InspectCommand.class,
            ImportCommand.class,
            ExportCommand.class,
            ExportSkeletonCommand.class
        })
public final class Main implements Runnable {

    private static final int DATA_ERROR = 1;
    private static final int USAGE_ERROR = 2;

    @Spec private CommandSpec spec;

    private Main() {}

    /** Prints the help if no command is given. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /**
     * Runs the program and ends the process with its exit code.
     *
     * @param args the arguments
     */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    /**
     * Runs the program.
     *
     * @param args the arguments; without any, the help is printed
     * @return the exit code
     */
    public static int run(String... args) {
        return run(commandLine(), args);
    }

    /** Creates the program with all its commands. */
    static CommandLine commandLine() {
        CommandLine program = new CommandLine(new Main());
        register(program, Network.class);
        register(program, Preset.class);
        register(program, Descent.class);
        register(program, InspectCommand.Format.class);
        divideHelp(program, "train", TrainCommand.EVERYDAY);
        divideHelp(program, "compress", CompressCommand.EVERYDAY);
        return program;
    }

    private static void divideHelp(CommandLine program, String name, List<String> everyday) {
        HelpOptions.divide(Objects.requireNonNull(program.getSubcommands().get(name)), everyday);
    }

    private static <E extends Enum<E>> void register(CommandLine program, Class<E> type) {
        program.registerConverter(type, new Choice<>(type));
    }

    /**
     * Runs another program with the error handling of this one: one line on standard error, and the
     * same exit codes.
     *
     * @param program the root command of the program
     * @param args the arguments
     * @return the exit code
     */
    public static int run(CommandLine program, String... args) {
        // The natives are on the class path; DJL must not download them.
        System.setProperty("ai.djl.offline", "true");
        program.setParameterExceptionHandler(
                (exception, arguments) ->
                        fail(
                                exception.getCommandLine(),
                                exception.getMessage()
                                        + " (try '"
                                        + exception
                                                .getCommandLine()
                                                .getCommandSpec()
                                                .qualifiedName()
                                        + " --help')",
                                USAGE_ERROR));
        program.setExecutionExceptionHandler(
                (exception, command, parsed) -> {
                    if (exception instanceof DataException
                            || exception instanceof IOException
                            || exception instanceof MalformedModelException) {
                        return fail(command, describe(exception), DATA_ERROR);
                    }
                    throw exception;
                });
        return program.execute(args);
    }

    /** Adds the reason to the exceptions of the file system whose message is only the path. */
    private static String describe(Exception exception) {
        if (exception instanceof NoSuchFileException) {
            return exception.getMessage() + ": expected a file, but there is none";
        }
        if (exception instanceof FileSystemException) {
            return exception.getClass().getSimpleName() + ": " + exception.getMessage();
        }
        return Objects.requireNonNullElse(exception.getMessage(), exception.toString());
    }

    private static int fail(CommandLine command, String message, int code) {
        PrintWriter err = command.getErr();
        // Some messages of picocli already begin with "error:".
        String line = message.replaceFirst("^(?i)error:\\s*", "").replaceAll("\\s*\\R\\s*", " ");
        err.println("error: " + line);
        err.flush();
        return code;
    }
}
