package dev.fare.spark;

import com.google.common.hash.Funnels;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Tells models apart by what is in their files, not by where they are. */
final class ModelFiles {

  private ModelFiles() {}

  /** A SHA-256 of the names and contents of a model's files. */
  static String digest(Path model) throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    for (Path file : files(model)) {
      hasher.putString(model.relativize(file).toString(), StandardCharsets.UTF_8);
      hasher.putLong(Files.size(file));
      MoreFiles.asByteSource(file).copyTo(Funnels.asOutputStream(hasher));
    }
    return "model " + hasher.hash();
  }

  private static List<Path> files(Path model) throws IOException {
    try (Stream<Path> files = Files.walk(model)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
