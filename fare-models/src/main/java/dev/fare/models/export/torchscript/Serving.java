package dev.fare.models.export.torchscript;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.fare.image.PixelNormalization;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What DJL must know to feed a model: {@code serving.properties}.
 *
 * @param imageSize height and width in pixels
 * @param normalization of the pixels
 */
record Serving(int imageSize, PixelNormalization normalization) {

  private static final String IMAGES =
      """
      engine=PyTorch
      option.mapLocation=true
      option.modelName=model
      width=%d
      height=%d
      resizeShort=%d,-1,BICUBIC
      centerCrop=true
      toTensor=true
      normalize=%s
      translatorFactory=%s
      """;

  private static final String TEXTS =
      """
      padding=true
      truncation=true
      maxLength=%d
      """;

  private static final String ZERO_SHOT =
      "ai.djl.huggingface.translator.ZeroShotImageClassificationTranslatorFactory";
  private static final String FEATURES =
      "ai.djl.modality.cv.translator.ImageFeatureExtractorFactory";
  private static final String NONE = "ai.djl.translate.NoopServingTranslatorFactory";

  byte[] properties(Optional<TorchScriptExport.Text> text) {
    boolean canTokenize = text.isPresent() && text.get().tokenizer().isPresent();
    String translator = text.isEmpty() ? FEATURES : canTokenize ? ZERO_SHOT : NONE;
    String values =
        Stream.concat(normalization.mean().stream(), normalization.std().stream())
            .map(String::valueOf)
            .collect(Collectors.joining(","));
    String properties = IMAGES.formatted(imageSize, imageSize, imageSize, values, translator);
    if (canTokenize) {
      properties += TEXTS.formatted(text.get().tower().config().contextLength());
    }
    return properties.getBytes(ISO_8859_1);
  }
}
