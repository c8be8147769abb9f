package dev.fare.examples;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * A model among this module's resources.
 *
 * @param title what errors call it
 * @param folder of the resources
 * @param files that belong to it
 */
public record EmbeddedModel(String title, String folder, List<String> files) {

  /**
   * Copies the model out of the jar.
   *
   * @param directory made if absent
   * @return the directory
   */
  public Path copyTo(Path directory) throws IOException {
    Files.createDirectories(directory);
    for (String file : files) {
      try (InputStream in = EmbeddedModel.class.getResourceAsStream("/" + folder + "/" + file)) {
        if (in == null) {
          throw new FileNotFoundException(title + " has no " + file);
        }
        Files.copy(in, directory.resolve(file), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return directory;
  }
}
