package dev.fare.models.djl;

import ai.djl.Model;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.ndarray.NDList;
import ai.djl.translate.ArgumentsUtil;
import ai.djl.translate.Batchifier;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import java.io.IOException;
import java.io.Serializable;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The translators of models that {@code fare://} URLs load: {@code Image → float[]}, {@code NDList
 * → NDList} and {@code VisionLanguageInput → Classifications}.
 *
 * <p>DJL finds this class by its name.
 */
public final class FareTranslatorFactory implements TranslatorFactory, Serializable {

  private static final long serialVersionUID = 1L;

  private static final Set<Pair<Type, Type>> SUPPORTED =
      Set.of(
          new Pair<>(Image.class, float[].class),
          new Pair<>(NDList.class, NDList.class),
          new Pair<>(VisionLanguageInput.class, Classifications.class));

  /** Called by DJL. */
  public FareTranslatorFactory() {}

  @Override
  public Set<Pair<Type, Type>> getSupportedTypes() {
    return SUPPORTED;
  }

  @Override
  @SuppressWarnings("unchecked")
  public <I, O> Translator<I, O> newInstance(
      Class<I> input, Class<O> output, Model model, Map<String, ?> arguments)
      throws TranslateException {
    if (!isSupported(input, output)) {
      throw new TranslateException(
          "no translator from "
              + input.getName()
              + " to "
              + output.getName()
              + "; there are Image to float[], NDList to NDList and VisionLanguageInput to"
              + " Classifications");
    }
    if (!(model.getBlock() instanceof ClipBlock block)) {
      throw new TranslateException(
          "these translators are for models of fare:// URLs, got the block " + model.getBlock());
    }
    if (input == NDList.class) {
      return (Translator<I, O>) new NoopTranslator(batchifier(arguments, "none"));
    }
    if (block.givesTokens()) {
      throw new TranslateException(
          "tokens are arrays of [N,T,C]: load the model as NDList to NDList, or without the"
              + " argument tokens");
    }
    if (input == Image.class) {
      return (Translator<I, O>)
          new ImageEmbeddingTranslator(
              block.encoder().preprocessing(), batchifier(arguments, "stack"));
    }
    try {
      return (Translator<I, O>) new ZeroShotTranslator(block.clip());
    } catch (IOException e) {
      model.close();
      throw new TranslateException(e.getMessage(), e);
    }
  }

  private static @Nullable Batchifier batchifier(Map<String, ?> arguments, String usual)
      throws TranslateException {
    String name = ArgumentsUtil.stringValue(arguments, FareUrl.BATCHIFIER, usual);
    return switch (name) {
      case "none" -> null;
      case "stack" -> Batchifier.STACK;
      default ->
          throw new TranslateException("batchifier must be \"stack\" or \"none\", got " + name);
    };
  }
}
