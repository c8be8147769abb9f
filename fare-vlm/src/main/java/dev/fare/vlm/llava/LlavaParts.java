package dev.fare.vlm.llava;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.primitives.Longs;
import dev.fare.Precision;
import dev.fare.io.LazyTensor;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import dev.fare.vlm.language.EndTokens;
import dev.fare.vlm.language.LanguageTokenizer;
import dev.fare.vlm.language.LlamaModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What stays of a LLaVA when its vision tower is swapped: projector, language model, tokenizer. */
final class LlavaParts implements AutoCloseable {

  private static final TorchSource SOURCE = TorchSource.resource(LlavaParts.class, "llava.py");

  private final NDManager manager;
  private final TorchModule joints;
  private final List<NDArray> projector;
  private final LlamaModel language;
  private final @Nullable LanguageTokenizer tokenizer;
  private final @Nullable Path tokenizerFile;
  private final EndTokens endings;
  private final String source;

  private LlavaParts(
      LlavaCheckpoint checkpoint,
      LlamaModel language,
      @Nullable LanguageTokenizer tokenizer,
      @Nullable Path tokenizerFile,
      NDManager manager)
      throws IOException {
    this.manager = manager;
    this.language = language;
    this.tokenizer = tokenizer;
    this.tokenizerFile = tokenizerFile;
    endings = checkpoint.language().endings();
    source = checkpoint.source();
    projector = new ArrayList<>();
    for (LazyTensor tensor : checkpoint.projector()) {
      projector.add(tensor.read(manager));
    }
    joints = TorchModule.compile(SOURCE, "Llava", Map.of(), manager.getDevice()).bind(projector);
  }

  static LlavaParts of(
      LlavaCheckpoint checkpoint, @Nullable Path tokenizer, Device device, Precision precision)
      throws IOException {
    NDManager manager = NDManager.newBaseManager(device, "PyTorch");
    LlamaModel language = null;
    LanguageTokenizer words = null;
    try {
      language =
          LlamaModel.builder(checkpoint.language()).device(device).precision(precision).load();
      words = tokenizer == null ? null : LanguageTokenizer.load(tokenizer);
      return new LlavaParts(checkpoint, language, words, tokenizer, manager);
    } catch (IOException | RuntimeException e) {
      if (language != null) {
        language.close();
      }
      if (words != null) {
        words.close();
      }
      manager.close();
      throw e;
    }
  }

  NDArray project(NDArray tokens) {
    return joints.call("project", tokens);
  }

  NDArray merge(NDArray words, NDArray places, NDArray visual) {
    return joints.call("merge", words, places, visual);
  }

  LlamaModel language() {
    return language;
  }

  /** The projector's weights by name, which these parts own. */
  Map<String, NDArray> projector() {
    Map<String, NDArray> named = new LinkedHashMap<>();
    for (int i = 0; i < projector.size(); i++) {
      named.put(LlavaCheckpoint.PROJECTOR.get(i), projector.get(i));
    }
    return named;
  }

  Optional<Path> tokenizerFile() {
    return Optional.ofNullable(tokenizerFile);
  }

  EndTokens endings() {
    return endings;
  }

  LanguageTokenizer tokenizer() {
    if (tokenizer == null) {
      throw new IllegalStateException(
          source
              + " came without tokenizer.json; put one beside the weights, name one when loading,"
              + " or bring token ids as a PromptBatch");
    }
    return tokenizer;
  }

  /** A prompt's tokens, images as the image token. */
  long[] encode(String prompt, long imageToken) {
    LanguageTokenizer words = tokenizer();
    if (words.isToken(LlavaConfig.IMAGE, imageToken)) {
      return words.encode(prompt);
    }
    // a tokenizer that does not know of images, such as the original's: text between images
    String[] texts = prompt.split(LlavaConfig.IMAGE, -1);
    List<Long> ids = new ArrayList<>(Longs.asList(words.encode(texts[0])));
    for (int i = 1; i < texts.length; i++) {
      ids.add(imageToken);
      if (!texts[i].isEmpty()) {
        ids.addAll(Longs.asList(words.encodeFurther(texts[i])));
      }
    }
    return Longs.toArray(ids);
  }

  /** An answer's tokens with the one that ends it. */
  long[] encodeAnswer(String text) {
    return Longs.concat(tokenizer().encodeFurther(text), new long[] {endings.ids().get(0)});
  }

  /** A scope on the language model's device. */
  TensorScope newScope() {
    return TensorScope.of(manager);
  }

  @Override
  public void close() {
    joints.close();
    language.close();
    if (tokenizer != null) {
      tokenizer.close();
    }
    manager.close();
  }
}
