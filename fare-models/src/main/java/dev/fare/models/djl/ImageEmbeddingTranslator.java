package dev.fare.models.djl;

import static java.util.Objects.requireNonNull;

import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.PixelImage;
import dev.fare.torch.Host;
import org.jspecify.annotations.Nullable;

/**
 * Pictures of any size to the pixels that an encoder's block takes, and its embedding to floats.
 *
 * <p>Predictors stack what they are given at once into one batch. Safe for use from many threads.
 */
public final class ImageEmbeddingTranslator implements Translator<Image, float[]> {

  private final ClipPreprocessing preprocessing;
  private final @Nullable Batchifier batchifier;

  /** For a block of {@code encoder.asBlock()}, with {@code encoder.preprocessing()}. */
  public ImageEmbeddingTranslator(ClipPreprocessing preprocessing) {
    this(preprocessing, Batchifier.STACK);
  }

  ImageEmbeddingTranslator(ClipPreprocessing preprocessing, @Nullable Batchifier batchifier) {
    this.preprocessing = requireNonNull(preprocessing);
    this.batchifier = batchifier;
  }

  @Override
  public NDList processInput(TranslatorContext context, Image image) {
    int size = preprocessing.size();
    Shape one = batchifier == null ? new Shape(1, 3, size, size) : new Shape(3, size, size);
    float[] pixels = preprocessing.pixels(PixelImage.of(image));
    return new NDList(context.getNDManager().create(pixels, one));
  }

  @Override
  public float[] processOutput(TranslatorContext context, NDList list) {
    NDArray embedding = list.singletonOrThrow();
    return Host.floats(embedding);
  }

  @Override
  public @Nullable Batchifier getBatchifier() {
    return batchifier;
  }
}
