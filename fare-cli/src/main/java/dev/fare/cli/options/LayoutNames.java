package dev.fare.cli.options;

import dev.fare.models.export.ModelFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.TypeConversionException;

/** Layouts as they are written on a command line: with hyphens, as other options are. */
public final class LayoutNames extends ArrayList<String> {

  private static final long serialVersionUID = 1;

  LayoutNames() {
    super(all());
  }

  private static List<String> all() {
    return Arrays.stream(ModelFormat.values()).map(LayoutNames::of).toList();
  }

  public static String of(ModelFormat format) {
    return format.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  public static ModelFormat parse(String text) {
    return Arrays.stream(ModelFormat.values())
        .filter(format -> of(format).equals(text.toLowerCase(Locale.ROOT).replace('_', '-')))
        .findFirst()
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "expected one of " + all() + " but was '" + text + "'"));
  }
}
