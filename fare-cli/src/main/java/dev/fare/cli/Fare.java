package dev.fare.cli;

import dev.fare.cli.options.Count;
import dev.fare.cli.options.LayoutNames;
import dev.fare.cli.options.Radius;
import dev.fare.cli.options.Share;
import dev.fare.models.export.ModelFormat;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The program {@code fare}. */
@Command(
    name = "fare",
    description = "Fine-tunes, attacks and measures CLIP vision encoders.",
    mixinStandardHelpOptions = true,
    versionProvider = Fare.Version.class,
    subcommands = {
      TrainCommand.class,
      AttackCommand.class,
      EvaluateCommand.class,
      RetrievalCommand.class,
      EmbedCommand.class,
      ConvertCommand.class,
      InspectCommand.class,
      ReportCommand.class,
      DoctorCommand.class,
      GenerateCompletion.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:failed; the reason is on standard error",
      "2:the arguments can't be understood",
      "3:evaluate, retrieval: less robust than --require-robust",
      "130:stopped by Ctrl-C; train leaves a checkpoint, evaluate what it has finished"
    },
    footer = {
      "",
      "A first report, of a folder with a sub-folder of images for each class:",
      "  fare evaluate --images photos --model clip-vit-base-patch32",
      "",
      "Help on a command: fare evaluate --help. Completion: source <(fare generate-completion)"
    })
public final class Fare implements Runnable {

  private static final int HELP_WIDTH = 100;

  /** Exit code where a command has failed. */
  static final int FAILED = 1;

  /** Exit code where the encoder is less robust than was required. */
  static final int NOT_ROBUST = 3;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** The version in the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Fare.class.getPackage().getImplementationVersion();
      return new String[] {"fare " + (version == null ? "(development)" : version)};
    }
  }

  /** Runs a command and ends the JVM with its exit code. */
  public static void main(String[] args) {
    quietLogs(List.of(args).contains("--verbose"));
    System.exit(commandLine().execute(args));
  }

  /** What the libraries log is for developers, not for users. */
  private static void quietLogs(boolean verbose) {
    String level = verbose ? "info" : "error";
    for (String logger : List.of("ai.djl", "dev.fare")) {
      String property = "org.slf4j.simpleLogger.log." + logger;
      System.setProperty(property, System.getProperty(property, level));
    }
  }

  /** The program, to be executed or looked at. */
  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Fare());
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.registerConverter(Radius.class, Radius::parse);
    commandLine.registerConverter(Count.class, Count::parse);
    commandLine.registerConverter(Share.class, Share::parse);
    commandLine.registerConverter(ModelFormat.class, LayoutNames::parse);
    commandLine.setExecutionStrategy(Fare::runUnlessRepeated);
    commandLine.setExecutionExceptionHandler(Terminal::fail);
    commandLine.setParameterExceptionHandler(Terminal::misunderstood);
    commandLine.setUsageHelpWidth(HELP_WIDTH);
    ConfigFile.installOn(commandLine);
    commandLine
        .getSubcommands()
        .values()
        .forEach(command -> command.getCommandSpec().versionProvider(new Version()));
    return commandLine;
  }

  /** An option of a group that is given twice would make picocli forget what else was given. */
  private static int runUnlessRepeated(ParseResult parsed) {
    CommandLine command = parsed.asCommandLineList().get(parsed.asCommandLineList().size() - 1);
    Set<String> given = new HashSet<>();
    for (String word : parsed.originalArgs()) {
      String name = word.replaceFirst("=.*", "");
      OptionSpec option = command.getCommandSpec().findOption(name);
      if (name.startsWith("--")
          && option != null
          && !option.isMultiValue()
          && !given.add(option.longestName())) {
        throw new ParameterException(command, "option '" + name + "' should be given only once");
      }
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "a command is missing: "
            + String.join(
                ", ",
                spec.subcommands().values().stream()
                    .map(CommandLine::getCommandName)
                    .filter(name -> !name.startsWith("generate"))
                    .toList()));
  }
}
