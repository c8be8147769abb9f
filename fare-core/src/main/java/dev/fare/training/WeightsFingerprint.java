package dev.fare.training;

import ai.djl.ndarray.NDArray;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Tells whether weights are the same: SHA-256 of their names, shapes and bits. */
final class WeightsFingerprint {

  private WeightsFingerprint() {}

  static String of(Map<String, NDArray> weights) {
    Hasher hasher = Hashing.sha256().newHasher();
    weights.forEach(
        (name, weight) -> {
          hasher.putString(name, StandardCharsets.UTF_8);
          for (long dimension : weight.getShape().getShape()) {
            hasher.putLong(dimension);
          }
          hasher.putBytes(weight.toByteBuffer());
        });
    return hasher.hash().toString();
  }
}
