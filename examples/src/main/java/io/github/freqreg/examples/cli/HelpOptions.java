package io.github.freqreg.examples.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * The help of a command with many options: {@code --help} shows the everyday ones, and {@code
 * --help-experts} the others, under the names of the mixins that declare them.
 */
final class HelpOptions {

    private static final String EXPERTS = "--help-experts";

    private HelpOptions() {}

    /**
     * Adds these options to a command and divides its help.
     *
     * @param command the command
     * @param everyday the names of the options of {@code --help}, in the order of display
     */
    static void divide(CommandLine command, List<String> everyday) {
        CommandSpec spec = command.getCommandSpec();
        spec.addMixin("Help", options());
        spec.usageMessage()
                .abbreviateSynopsis(true)
                .footer(
                        "",
                        "For experts: "
                                + spec.qualifiedName()
                                + " "
                                + EXPERTS
                                + " shows the other options. @FILE reads arguments from a file.");
        command.getHelpSectionMap()
                .put(
                        UsageMessageSpec.SECTION_KEY_OPTION_LIST,
                        shown ->
                                command.getParseResult().hasMatchedOption(EXPERTS)
                                        ? experts(spec, everyday, shown.colorScheme())
                                        : everyday(spec, everyday, shown.colorScheme()));
    }

    private static CommandSpec options() {
        return CommandSpec.create()
                .addOption(
                        OptionSpec.builder("-h", "--help")
                                .usageHelp(true)
                                .description("show this help")
                                .build())
                .addOption(
                        OptionSpec.builder(EXPERTS)
                                .usageHelp(true)
                                .description("show the other options")
                                .build());
    }

    private static String everyday(
            CommandSpec spec, List<String> everyday, Help.ColorScheme colours) {
        return list(everyday.stream().map(name -> spec.findOption(name)).toList(), colours);
    }

    private static String experts(
            CommandSpec spec, List<String> everyday, Help.ColorScheme colours) {
        Set<OptionSpec> left = new LinkedHashSet<>(spec.options());
        everyday.forEach(name -> left.remove(spec.findOption(name)));
        left.remove(spec.findOption(EXPERTS));
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, CommandSpec> mixin : spec.mixins().entrySet()) {
            List<OptionSpec> its = new ArrayList<>(mixin.getValue().options());
            its.retainAll(left);
            left.removeAll(its);
            append(text, mixin.getKey(), its, colours);
        }
        append(text, "Other options", List.copyOf(left), colours);
        return text.toString();
    }

    private static void append(
            StringBuilder text,
            String heading,
            List<OptionSpec> options,
            Help.ColorScheme colours) {
        if (!options.isEmpty()) {
            text.append(String.format("%n%s:%n", heading)).append(list(options, colours));
        }
    }

    private static String list(List<OptionSpec> options, Help.ColorScheme colours) {
        CommandSpec some = CommandSpec.create();
        some.usageMessage().sortOptions(false);
        options.forEach(option -> some.addOption(OptionSpec.builder(option).build()));
        return new Help(some, colours).optionList();
    }
}
