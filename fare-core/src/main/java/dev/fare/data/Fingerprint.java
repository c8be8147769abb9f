package dev.fare.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;

/** Tells whether data are the same: the first 64 bits of a SHA-256, as hexadecimal digits. */
final class Fingerprint {

  private final Hasher hasher = Hashing.sha256().newHasher();

  /** Adds a text, whose length keeps it apart from the next. */
  Fingerprint add(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    hasher.putInt(bytes.length).putBytes(bytes);
    return this;
  }

  /** Adds a number. */
  Fingerprint add(long number) {
    hasher.putLong(number);
    return this;
  }

  /** The labels of all images and the names of the classes; empty without labels. */
  static String ofLabels(ImageDataset data) {
    if (data.classNames().isEmpty()) {
      return "";
    }
    Fingerprint labels = new Fingerprint();
    data.classNames().forEach(labels::add);
    for (int i = 0; i < data.size(); i++) {
      labels.add(data.label(i).orElse(-1));
    }
    return labels.digits();
  }

  /** What has been added; nothing can be added any more. */
  String digits() {
    return hasher.hash().toString().substring(0, 16);
  }
}
