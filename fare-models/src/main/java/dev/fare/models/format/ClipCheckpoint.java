package dev.fare.models.format;

import static java.util.Objects.requireNonNull;

import dev.fare.image.ClipPreprocessing;
import dev.fare.io.LazyTensor;
import dev.fare.models.text.ClipTokenizer;
import dev.fare.models.text.TextCleaning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A CLIP model as it lies on disk, whatever the layout, in one vocabulary of names.
 *
 * <p>Names are OpenAI's: {@code visual.conv1.weight}, {@code
 * visual.transformer.resblocks.0.attn.in_proj_weight}, {@code token_embedding.weight}, {@code
 * text_projection}, {@code logit_scale}. A checkpoint of the vision tower alone has only names
 * under {@code visual.}.
 *
 * @param config the architecture; every tensor has been checked against it
 * @param tensors by name; complete for the towers that the configuration has, and nothing else
 * @param tokenizer the {@code tokenizer.json} that came with it
 * @param cleaning what becomes of a text before that tokenizer gets it
 * @param source where it was read, for messages
 * @param preprocessing how pictures become pixels; empty where that is CLIP's own way
 */
public record ClipCheckpoint(
    ClipConfig config,
    Map<String, LazyTensor> tensors,
    Optional<Path> tokenizer,
    TextCleaning cleaning,
    String source,
    Optional<ClipPreprocessing> preprocessing) {

  /** Copies the map in its order. */
  public ClipCheckpoint {
    requireNonNull(config, "config");
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    requireNonNull(tokenizer, "tokenizer");
    requireNonNull(cleaning, "cleaning");
    requireNonNull(source, "source");
    requireNonNull(preprocessing, "preprocessing");
  }

  /**
   * One whose pictures become pixels in CLIP's own way and whose tokenizer, if any, is used as
   * Hugging Face's fast tokenizers are.
   */
  public ClipCheckpoint(
      ClipConfig config, Map<String, LazyTensor> tensors, Optional<Path> tokenizer, String source) {
    this(config, tensors, tokenizer, TextCleaning.HUGGING_FACE, source, Optional.empty());
  }

  /**
   * A tensor by its canonical name.
   *
   * @throws IllegalArgumentException if the configuration has no such tensor
   */
  public LazyTensor tensor(String name) {
    LazyTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(source + " has no tensor '" + name + "'");
    }
    return tensor;
  }

  /**
   * The {@code tokenizer.json} that came with it, or OpenAI's where the text tower's vocabulary is
   * its.
   *
   * @return the file; empty where there is neither
   * @throws IOException if it can't be read
   */
  public Optional<byte[]> tokenizerJson() throws IOException {
    if (tokenizer.isPresent()) {
      return Optional.of(Files.readAllBytes(tokenizer.get()));
    }
    return config
        .text()
        .filter(text -> text.vocabularySize() == ClipTokenizer.OPENAI_VOCABULARY)
        .map(text -> ClipTokenizer.openAiJson());
  }
}
