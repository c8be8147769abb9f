package dev.fare.examples.recipes;

import dev.fare.image.PixelNormalization;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.text.ClipTokenizer;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * Names of classes as token ids, in every sentence that a model learns them in. The vocabulary is
 * OpenAI's, cut down to its first merges: a small model's token table must be small.
 *
 * @param sentences for each template the ids of all names, {@code [templates][names][length]}
 */
@SuppressWarnings("ArrayRecordComponent") // handed through, never compared
public record ClassSentences(List<long[][]> sentences) {

  /** Size of the vocabulary; the last token ends a text. */
  static final int VOCABULARY = 4096;

  /** Tokens of the longest sentence. */
  private static final int CONTEXT_LENGTH = 16;

  /** A CLIP with a small text tower that reads these sentences, and a vision tower of one's own. */
  public static ClipConfig clip(VitConfig vision) {
    TextConfig text =
        new TextConfig(
            CONTEXT_LENGTH,
            VOCABULARY,
            128,
            3,
            2,
            512,
            vision.embeddingSize(),
            Activation.QUICK_GELU,
            1e-5,
            OptionalInt.of(VOCABULARY - 1));
    return new ClipConfig(vision, Optional.of(text), PixelNormalization.CLIP);
  }

  /**
   * The texts of a batch, each name once.
   *
   * @param textOfImage for each image the row of its text
   */
  @SuppressWarnings("ArrayRecordComponent") // handed through, never compared
  public record Captions(long[][] texts, int[] textOfImage) {}

  /**
   * Tokenizes names.
   *
   * @param templates sentences in which {@code {}} stands for the name
   */
  public static ClassSentences of(List<String> names, List<String> templates) throws IOException {
    try (InputStream json = tokenizerJson();
        ClipTokenizer tokenizer = ClipTokenizer.load(json)) {
      return new ClassSentences(
          templates.stream()
              .map(
                  template ->
                      tokenizer.encode(
                          names.stream().map(name -> template.replace("{}", name)).toList(),
                          CONTEXT_LENGTH))
              .toList());
    }
  }

  static InputStream tokenizerJson() throws IOException {
    InputStream in = ClassSentences.class.getResourceAsStream("tokenizer.json");
    if (in == null) {
      throw new IOException("no tokenizer.json beside " + ClassSentences.class.getName());
    }
    return in;
  }

  /** Number of names. */
  public int size() {
    return plain().length;
  }

  /** The names in the first template. */
  public long[][] plain() {
    return sentences.get(0);
  }

  /**
   * Each name of a batch in a sentence that is drawn for it.
   *
   * @param labels for each image an index of a name
   */
  public Captions captions(int[] labels, long drawSeed) {
    Map<Integer, Integer> rows = new LinkedHashMap<>();
    int[] textOfImage = new int[labels.length];
    for (int i = 0; i < labels.length; i++) {
      rows.putIfAbsent(labels[i], rows.size());
      textOfImage[i] = rows.getOrDefault(labels[i], 0);
    }
    SplittableRandom random = new SplittableRandom(drawSeed);
    long[][] texts = new long[rows.size()][];
    rows.forEach(
        (label, row) -> texts[row] = sentences.get(random.nextInt(sentences.size()))[label]);
    return new Captions(texts, textOfImage);
  }
}
