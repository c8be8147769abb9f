package dev.fare.evaluation.autoattack;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.fare.AttackCost;
import dev.fare.attacks.AutoAttack;
import dev.fare.evaluation.journal.FoundImages;
import dev.fare.evaluation.journal.Phase;
import dev.fare.io.RecordedNames;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What earlier versions wrote into a state directory: {@code state.json}, without a checksum.
 *
 * @param fingerprint of everything that decides about the result
 * @param isCorrect whether clean images are classified correctly
 * @param attacksDone how many attacks each image is through with
 * @param fooledBy the attack that fooled each image, or -1
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record EarlierState(
    @Nullable String fingerprint,
    boolean @Nullable [] isCorrect,
    int @Nullable [] attacksDone,
    int @Nullable [] fooledBy) {

  /** Earlier versions did not write which class an image was taken for. */
  private static final int UNKNOWN = -1;

  /** A digest of attacks, settings, images, labels and ids, as it was always made. */
  static String identity(AutoAttack attack, NDArray images, NDArray labels, long[] imageIds) {
    Hasher hasher = Hashing.sha256().newHasher();
    hasher.putString(RecordedNames.of(attack.toString()), UTF_8);
    hasher.putString(images.getShape().toString(), UTF_8);
    for (long i = 0; i < images.getShape().get(0); i++) {
      try (TensorScope scope = TensorScope.of(images)) {
        hasher.putBytes(images.get(scope.manager(), i).toByteBuffer());
      }
    }
    hasher.putString(Arrays.toString(Host.longs(labels)), UTF_8);
    hasher.putString(Arrays.toString(imageIds), UTF_8);
    return hasher.hash().toString();
  }

  /**
   * Takes an earlier version's findings into a journal that has none of an attack yet.
   *
   * @param predictions of the clean images
   * @param verified reads and checks an adversarial image
   * @throws IllegalStateException if they are of another evaluation or model, or damaged
   */
  static void read(
      Path directory,
      Phase.Context context,
      AutoAttack attack,
      int[] predictions,
      BiFunction<Integer, String, NDArray> verified)
      throws IOException {
    Path file = directory.resolve("state.json");
    boolean isBegun =
        IntStream.range(0, attack.parts().size())
            .mapToObj(i -> AutoAttackRun.key(i, attack.parts().get(i)))
            .anyMatch(key -> !context.known(key).isEmpty());
    if (isBegun || !Files.exists(file)) {
      return;
    }
    EarlierState state = parse(file);
    if (!context.data().equals(state.fingerprint)) {
      throw new IllegalStateException(
          file
              + " belongs to an evaluation with other attacks, settings, images or labels; use"
              + " another directory");
    }
    if (!state.isWhole(predictions.length, attack.parts().size())) {
      throw new IllegalStateException(damaged(file));
    }
    state.addTo(
        context,
        attack,
        predictions,
        image -> {
          NDArray found = verified.apply(image, "");
          return new FoundImages(directory).write(image, found);
        });
  }

  private boolean isWhole(int images, int parts) {
    if (isCorrect == null || attacksDone == null || fooledBy == null) {
      return false;
    }
    boolean isWhole =
        isCorrect.length == images && attacksDone.length == images && fooledBy.length == images;
    for (int i = 0; isWhole && i < images; i++) {
      int last = fooledBy[i] < 0 ? parts : fooledBy[i] + 1;
      int first = fooledBy[i] < 0 ? 0 : last;
      isWhole =
          fooledBy[i] >= -1
              && attacksDone[i] >= first
              && attacksDone[i] <= Math.min(last, isCorrect[i] ? parts : 0);
    }
    return isWhole;
  }

  private void addTo(
      Phase.Context context,
      AutoAttack attack,
      int[] predictions,
      Function<Integer, String> checksum) {
    boolean[] correct = requireNonNull(isCorrect);
    int[] done = requireNonNull(attacksDone);
    int[] fooled = requireNonNull(fooledBy);
    int[] now = predictions.clone();
    for (int image = 0; image < now.length; image++) {
      if (correct[image] != (now[image] == context.labels().get(image))) {
        throw new IllegalStateException(
            "the state belongs to another model, which classifies the clean images differently;"
                + " use another directory");
      }
    }
    for (int i = 0; i < attack.parts().size(); i++) {
      int part = i;
      List<Integer> robust =
          IntStream.range(0, now.length)
              .filter(image -> now[image] == context.labels().get(image))
              .boxed()
              .toList();
      String name = attack.parts().get(i).name();
      Phase phase =
          new Phase(context, name, AutoAttackRun.key(i, attack.parts().get(i)), robust, now);
      Map<Integer, String> checksums = new HashMap<>();
      List<Integer> finished = robust.stream().filter(image -> done[image] > part).toList();
      for (int image : finished) {
        if (fooled[image] == part) {
          checksums.put(image, checksum.apply(image));
          now[image] = UNKNOWN;
        }
      }
      if (!finished.isEmpty()) {
        phase.finish(finished, AttackCost.NONE, checksums);
      }
    }
  }

  private static EarlierState parse(Path file) throws IOException {
    try {
      EarlierState state = new Gson().fromJson(Files.readString(file, UTF_8), EarlierState.class);
      if (state != null) {
        return state;
      }
    } catch (JsonParseException | IllegalArgumentException | CharacterCodingException e) {
      // Gson takes a null in an array of numbers for a caller's mistake
      throw new IllegalStateException(damaged(file), e);
    }
    throw new IllegalStateException(damaged(file));
  }

  private static String damaged(Path file) {
    return file + " is not an evaluation's state; delete the directory to start again";
  }
}
