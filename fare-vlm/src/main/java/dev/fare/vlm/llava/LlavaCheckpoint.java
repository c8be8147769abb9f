package dev.fare.vlm.llava;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.types.Shape;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.vision.VisionConfig;
import dev.fare.vlm.language.LanguageCheckpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A LLaVA-1.5 as it lies on disk, whichever generation of names it was written in.
 *
 * @param config how the parts are joined
 * @param vision the vision tower
 * @param projector in the order of {@link #PROJECTOR}
 * @param language the language model
 * @param source where it was read, for messages
 */
public record LlavaCheckpoint(
    LlavaConfig config,
    ClipCheckpoint vision,
    List<LazyTensor> projector,
    LanguageCheckpoint language,
    String source) {

  /** The names of the projector's tensors, in their order. */
  public static final List<String> PROJECTOR =
      List.of("linear_1.weight", "linear_1.bias", "linear_2.weight", "linear_2.bias");

  /** Copies the list. */
  public LlavaCheckpoint {
    requireNonNull(config, "config");
    projector = List.copyOf(projector);
  }

  /**
   * Reads a directory of Hugging Face's {@code LlavaForConditionalGeneration} or of the original
   * authors.
   *
   * @throws ModelFormatException if configuration and tensors do not belong together, ask for what
   *     is not supported, or lack the vision tower
   * @throws IOException if it can't be read
   */
  public static LlavaCheckpoint read(Path directory) throws IOException {
    return LlavaReader.read(directory, null);
  }

  /**
   * The same with the vision tower of another CLIP, for checkpoints of the original authors that
   * name theirs and do not bring it.
   *
   * @param vision in any layout that {@link ClipCheckpoints} reads
   */
  public static LlavaCheckpoint read(Path directory, Path vision) throws IOException {
    return LlavaReader.read(directory, ClipCheckpoints.read(vision));
  }

  /** The length of the tokens that a LLaVA takes from a vision tower. */
  static int tokenWidth(LlavaConfig config, VisionConfig tower) {
    return Math.toIntExact(config.visualTokens().shapeIn(tower).get(1));
  }

  /**
   * The projector's names and shapes, in their order.
   *
   * @param tokenWidth of the vision tower
   * @param width of the language model
   */
  static LinkedHashMap<String, Shape> projectorTensors(int tokenWidth, int width) {
    LinkedHashMap<String, Shape> tensors = new LinkedHashMap<>();
    tensors.put(PROJECTOR.get(0), new Shape(width, tokenWidth));
    tensors.put(PROJECTOR.get(1), new Shape(width));
    tensors.put(PROJECTOR.get(2), new Shape(width, width));
    tensors.put(PROJECTOR.get(3), new Shape(width));
    return tensors;
  }

  static List<LazyTensor> inOrder(Map<String, Shape> expected, Map<String, LazyTensor> found) {
    return expected.keySet().stream().map(name -> requireNonNull(found.get(name))).toList();
  }
}
