package dev.fare.cli.options;

import dev.fare.evaluation.audit.ImageSource;
import java.io.IOException;
import picocli.CommandLine.Option;

/** Which images a command reads. */
public final class ImageOption {

  @Option(
      names = "--images",
      required = true,
      paramLabel = "<path>",
      description = ImageSource.KINDS + ". Sub-folders of a folder are classes")
  private String images = "";

  public ImageSource open() throws IOException {
    return ImageSource.open(images);
  }

  /** As it was given. */
  public String path() {
    return images;
  }
}
