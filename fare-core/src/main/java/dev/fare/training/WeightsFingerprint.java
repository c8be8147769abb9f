package dev.fare.training;

import ai.djl.ndarray.NDArray;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.fare.torch.TensorBytes;
import java.io.IOException;
import java.io.UncheckedIOException;
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
          putElements(weight, hasher);
        });
    return hasher.hash().toString();
  }

  private static void putElements(NDArray weight, Hasher hasher) {
    try {
      TensorBytes.forEach(weight, weight.getDataType(), hasher::putBytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
