package dev.fare.models.djl;

import static java.util.Objects.requireNonNull;

import ai.djl.modality.Classifications;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.translate.TranslatorContext;
import dev.fare.image.PixelImage;
import dev.fare.models.ClipModel;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A picture and the names of classes to the classes' probabilities.
 *
 * <p>The block sees the picture alone: the sentences of the last few lists of names stay embedded.
 * Safe for use from many threads.
 */
final class ZeroShotTranslator
    implements NoBatchifyTranslator<VisionLanguageInput, Classifications> {

  private static final String INPUT = "input";
  private static final int REMEMBERED = 16;

  private final ClipModel clip;
  private final Map<List<String>, float[][]> embedded =
      new LinkedHashMap<>(REMEMBERED, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<List<String>, float[][]> eldest) {
          return size() > REMEMBERED;
        }
      };

  ZeroShotTranslator(ClipModel clip) {
    this.clip = clip;
  }

  @Override
  public NDList processInput(TranslatorContext context, VisionLanguageInput input)
      throws TranslateException {
    String[] candidates = input.getCandidates();
    if (candidates == null || candidates.length == 0) {
      throw new TranslateException("the input names no candidates; give at least one class name");
    }
    context.setAttachment(INPUT, input);
    List<PixelImage> pictures = List.of(PixelImage.of(input.getImage()));
    return new NDList(
        clip.imageEncoder().preprocessing().toPixels(context.getNDManager(), pictures));
  }

  @Override
  public Classifications processOutput(TranslatorContext context, NDList list) {
    VisionLanguageInput input =
        (VisionLanguageInput) requireNonNull(context.getAttachment(INPUT), INPUT);
    List<String> names = Arrays.asList(input.getCandidates());
    List<String> sentences =
        names.stream().map(name -> sentence(input.getHypothesisTemplate(), name)).toList();
    NDArray texts = context.getNDManager().create(embed(sentences));
    NDArray probabilities = clip.logits(list.singletonOrThrow(), texts).softmax(1);
    return new Classifications(names, probabilities, names.size());
  }

  /** The name in the place of the first {@code {}}, or at the end where there is none. */
  private static String sentence(String template, String name) {
    int place = template.indexOf("{}");
    return place < 0
        ? template + name
        : template.substring(0, place) + name + template.substring(place + 2);
  }

  private float[][] embed(List<String> sentences) {
    synchronized (embedded) {
      return embedded.computeIfAbsent(sentences, clip::embedText);
    }
  }
}
