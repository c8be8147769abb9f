package dev.fare.examples.emoji;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Reads chosen files of an npm package, from its {@code .tgz} or from the extracted folder. */
record ArtworkSource(Path location) {

  ArtworkSource {
    if (!Files.exists(location)) {
      throw new IllegalArgumentException(
          location + " does not exist; give the package's .tgz or the folder it was extracted to");
    }
  }

  /**
   * The bytes of the named files, whose names are relative to the package.
   *
   * @throws IOException if one of them is missing or unreadable
   */
  Map<String, byte[]> read(Set<String> names) throws IOException {
    Map<String, byte[]> files =
        Files.isDirectory(location) ? fromFolder(names) : fromArchive(names);
    for (String name : names) {
      if (!files.containsKey(name)) {
        throw new IOException(name + " is missing from " + location);
      }
    }
    return files;
  }

  private Map<String, byte[]> fromFolder(Set<String> names) throws IOException {
    Path root =
        Files.isDirectory(location.resolve("package")) ? location.resolve("package") : location;
    Map<String, byte[]> files = new HashMap<>();
    for (String name : names) {
      files.put(name, Files.readAllBytes(root.resolve(name)));
    }
    return files;
  }

  private Map<String, byte[]> fromArchive(Set<String> names) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(location));
        TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(in))) {
      for (TarArchiveEntry entry = tar.getNextEntry();
          entry != null && files.size() < names.size();
          entry = tar.getNextEntry()) {
        String name = entry.getName().replaceFirst("^package/", "");
        if (entry.isFile() && names.contains(name)) {
          files.put(name, tar.readAllBytes());
        }
      }
    }
    return files;
  }
}
