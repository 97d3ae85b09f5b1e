package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The command-line program of the examples. Without arguments it trains LeNet-5.
 *
 * <p>Exit codes: 0 for success, 1 for data or files that cannot be used, 2 for wrong arguments.
 */
@Command(
        name = "freqreg",
        description = "Trains, evaluates and inspects networks kept in the frequency domain.",
        mixinStandardHelpOptions = true,
        version = "freqreg 0.1.0",
        subcommands = {
            TrainCommand.class,
            CompressCommand.class,
            CompareCommand.class,
            EvaluateCommand.class,
            SegmentCommand.class,
            InspectCommand.class,
            ImportCommand.class,
            ExportCommand.class
        })
public final class Main {

    private static final int DATA_ERROR = 1;
    private static final int USAGE_ERROR = 2;

    private Main() {}

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
     * @param args the arguments; none for {@code train lenet}
     * @return the exit code
     */
    public static int run(String... args) {
        return run(
                new CommandLine(new Main()),
                args.length == 0 ? new String[] {"train", "lenet"} : args);
    }

    /**
     * Runs a program that tells errors as this one does: in one line, with these exit codes.
     *
     * @param program its command
     * @param args the arguments
     * @return the exit code
     */
    public static int run(CommandLine program, String... args) {
        // Everything the engine needs is on the class path; nothing is looked for elsewhere.
        System.setProperty("ai.djl.offline", "true");
        program.setCaseInsensitiveEnumValuesAllowed(true);
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

    /** A file system's exceptions carry the path alone as their message. */
    private static String describe(Exception exception) {
        if (exception instanceof NoSuchFileException) {
            return exception.getMessage() + ": expected a file, but there is none";
        }
        if (exception instanceof FileSystemException) {
            return exception.getClass().getSimpleName() + ": " + exception.getMessage();
        }
        return exception.getMessage();
    }

    private static int fail(CommandLine command, String message, int code) {
        PrintWriter err = command.getErr();
        err.println("error: " + message.replaceAll("\\s*\\R\\s*", " "));
        err.flush();
        return code;
    }
}
