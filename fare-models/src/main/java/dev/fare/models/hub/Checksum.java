package dev.fare.models.hub;

import com.google.common.hash.HashCode;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * What the hub says a file's content hashes to: SHA-256 of large files, and of small ones the name
 * that git gives their content.
 *
 * @param kind of hash
 * @param hex the hash in lower-case hexadecimal
 */
record Checksum(Kind kind, String hex) {

  private static final int CHUNK_BYTES = 1 << 20;

  /** How a content is hashed. */
  enum Kind {
    SHA256,
    GIT_BLOB
  }

  /** By its length: 64 digits are SHA-256, 40 are git's. */
  static Optional<Checksum> of(String text) {
    String hex = text.toLowerCase(Locale.ROOT);
    if (hex.matches("[0-9a-f]{64}")) {
      return Optional.of(new Checksum(Kind.SHA256, hex));
    }
    return hex.matches("[0-9a-f]{40}")
        ? Optional.of(new Checksum(Kind.GIT_BLOB, hex))
        : Optional.empty();
  }

  /** Whether a file has this checksum. */
  boolean matches(Path file) throws IOException {
    Hasher hasher = newHasher(Files.size(file));
    byte[] chunk = new byte[CHUNK_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        hasher.putBytes(chunk, 0, count);
      }
    }
    return hasher.hash().equals(HashCode.fromString(hex));
  }

  @SuppressWarnings("deprecation") // SHA-1 is what git has; it guards against damage, TLS the rest
  private Hasher newHasher(long size) {
    return kind == Kind.SHA256
        ? Hashing.sha256().newHasher()
        : Hashing.sha1().newHasher().putString("blob " + size + "\0", StandardCharsets.UTF_8);
  }
}
