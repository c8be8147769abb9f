package dev.fare.attacks;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import dev.fare.torch.TensorScope;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** What must be the same for an interrupted evaluation to go on. */
final class Fingerprint {

  private Fingerprint() {}

  /** A digest of attacks, settings, images, labels and ids. */
  static String of(AutoAttack attack, NDArray images, NDArray labels, long[] imageIds) {
    MessageDigest digest = sha256();
    digest.update(attack.toString().getBytes(UTF_8));
    digest.update(images.getShape().toString().getBytes(UTF_8));
    for (long i = 0; i < images.getShape().get(0); i++) {
      try (TensorScope scope = TensorScope.of(images)) {
        digest.update(images.get(scope.manager(), i).toByteBuffer());
      }
    }
    digest.update(Arrays.toString(labels.toLongArray()).getBytes(UTF_8));
    digest.update(Arrays.toString(imageIds).getBytes(UTF_8));
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
