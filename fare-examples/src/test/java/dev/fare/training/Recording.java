package dev.fare.training;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Objective;
import dev.fare.io.LazyTensor;
import dev.fare.io.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.Objects;

/**
 * What was recorded of the original authors' code.
 *
 * @param facts what it was told, and its numbers
 * @param tensors what went in and came out
 */
public record Recording(JsonObject facts, Map<String, LazyTensor> tensors, NDManager manager)
    implements AutoCloseable {

  public static Recording read(String facts, String tensors) throws Exception {
    return new Recording(
        JsonParser.parseString(Files.readString(TinyEncoder.resource(facts), UTF_8))
            .getAsJsonObject(),
        SafetensorsFile.read(TinyEncoder.resource(tensors)).tensors(),
        NDManager.newBaseManager("PyTorch"));
  }

  public NDArray tensor(String name) {
    try {
      return Objects.requireNonNull(tensors.get(name), name).read(manager);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An attack that starts where the original's random numbers did, batch after batch. */
  Attack withRecordedStarts(Attack attack) {
    return new Attack() {
      private int batch;

      @Override
      public AttackResult perturb(Objective objective, NDArray pixels) {
        NDArray start = pixels.add(tensor("batch" + batch++ + ".pert0"));
        return attack.perturb(objective, pixels, start);
      }

      @Override
      public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
        throw new UnsupportedOperationException();
      }
    };
  }

  @Override
  public void close() {
    manager.close();
  }
}
