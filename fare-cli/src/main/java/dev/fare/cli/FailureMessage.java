package dev.fare.cli;

import ai.djl.engine.EngineException;
import dev.fare.torch.NativeLibraries;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** Why a command has failed, in one line. */
final class FailureMessage {

  /** A name of the library's builders, such as {@code allowChangedSettings()}. */
  private static final Pattern SETTING = Pattern.compile("\\b[a-z]+(?:[A-Z][a-z]+)+\\b(?:\\(\\))?");

  private FailureMessage() {}

  /** The failure, the file trouble behind it, and advice in the command's own options. */
  static String of(Exception failure, CommandLine command) {
    if (failure instanceof EngineException engine) {
      Optional<String> reason = NativeLibraries.reason(engine); // names its cause itself
      if (reason.isPresent()) {
        return reason.get();
      }
    }
    StringBuilder message = new StringBuilder(reason(failure));
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException && !message.toString().contains(reason(cause))) {
        message.append(": ").append(reason(cause));
      }
    }
    return SETTING
        .matcher(message)
        .replaceAll(setting -> optionOf(setting, command).replace("$", "\\$"));
  }

  private static String optionOf(MatchResult setting, CommandLine command) {
    String name = setting.group().replace("()", "");
    String option = "--" + name.replaceAll("(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
    return command.getCommandSpec().findOption(option) == null ? setting.group() : option;
  }

  /** Files are named by exceptions whose message is nothing but the name. */
  private static String reason(Throwable failure) {
    String message = failure.getMessage();
    if (failure instanceof NoSuchFileException missing) {
      String reason = missing.getReason();
      return "there is no file or folder %s (looked from %s)%s"
          .formatted(
              missing.getFile(), Path.of("").toAbsolutePath(), reason == null ? "" : "; " + reason);
    }
    if (failure instanceof AccessDeniedException) {
      return "no permission for " + message;
    }
    if (failure instanceof FileSystemLoopException) {
      return "the link " + message + " leads back to a folder that it is in";
    }
    if (failure instanceof NotDirectoryException) {
      return message + " is no folder";
    }
    return message == null ? failure.toString() : message;
  }
}
