package dev.fare.models.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.PixelImage;
import dev.fare.models.ClipModel;
import dev.fare.models.EncoderBlock;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code fare://} URL loads: the encoder for one input, the whole CLIP for ids and images.
 *
 * <p>Pixels {@code [N,3,S,S]} in [0,1] give embeddings or tokens. Token ids {@code [K,T]}, a mask
 * of the same shape (optional) and images {@code [N,3,H,W]} in [0,1] of any size give {@code
 * logits_per_image} {@code [N,K]} and {@code logits_per_text} {@code [K,N]}, as Hugging Face's
 * CLIPModel names them. The text tower is read when it is first needed.
 */
final class ClipBlock extends AbstractBlock implements AutoCloseable {

  private final RobustClipEncoder encoder;
  private final EncoderBlock vision;
  private @Nullable ClipModel clip;
  private volatile boolean isClosed;

  ClipBlock(RobustClipEncoder encoder, Optional<TokenLayer> layer) {
    this.encoder = encoder;
    vision = layer.map(encoder::asBlock).orElseGet(encoder::asBlock);
    inputNames = List.of("pixels");
    inputShapes = vision.getInputShapes();
    outputDataTypes = vision.getOutputDataTypes();
  }

  RobustClipEncoder encoder() {
    return encoder;
  }

  boolean givesTokens() {
    return vision.givesTokens();
  }

  /** The whole CLIP; reads the text tower the first time. */
  synchronized ClipModel clip() throws IOException {
    checkOpen();
    if (clip == null) {
      clip = ClipModel.of(encoder);
    }
    return clip;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameterStore,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> params) {
    checkOpen();
    if (inputs.size() == 1) {
      return new NDList(vision.apply(inputs.get(0)));
    }
    if (inputs.size() > 3) {
      throw new IllegalArgumentException(
          "inputs must be pixels, or token ids, optionally a mask, and images, got "
              + inputs.size()
              + " arrays");
    }
    try {
      return similarities(inputs.get(0), inputs.size() == 3 ? inputs.get(1) : null, inputs);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private NDList similarities(NDArray ids, @Nullable NDArray mask, NDList inputs)
      throws IOException {
    ClipModel model = clip();
    NDArray pixels = pixels(inputs.get(inputs.size() - 1));
    int context = encoder.config().text().orElseThrow().contextLength();
    NDArray rows = pixels.getManager().create(TokenRows.of(ids, mask).within(context));
    NDArray logits = model.logits(encoder.embed(pixels), model.embedTokens(rows));
    NDArray transposed = logits.transpose();
    logits.setName("logits_per_image");
    transposed.setName("logits_per_text");
    return new NDList(logits, transposed);
  }

  /** Images of another size go back to bytes: CLIP's resizing is defined on them. */
  private NDArray pixels(NDArray images) {
    Shape shape = images.getShape();
    int size = encoder.imageSize();
    if (shape.dimension() != 4
        || shape.get(1) != 3
        || images.getDataType() != DataType.FLOAT32
        || (shape.get(2) == size && shape.get(3) == size)) {
      return images;
    }
    int height = Math.toIntExact(shape.get(2));
    int width = Math.toIntExact(shape.get(3));
    byte[] bytes =
        images.transpose(0, 2, 3, 1).mul(255).round().toType(DataType.UINT8, false).toByteArray();
    ClipPreprocessing preprocessing = encoder.preprocessing();
    List<PixelImage> pictures = new ArrayList<>();
    for (int from = 0; from < bytes.length; from += 3 * width * height) {
      byte[] rgb = Arrays.copyOfRange(bytes, from, from + 3 * width * height);
      pictures.add(PixelImage.rgb(width, height, rgb));
    }
    return preprocessing.toPixels(images.getManager(), pictures);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return vision.getOutputShapes(inputShapes);
  }

  private void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException("the model has been closed");
    }
  }

  @Override
  public synchronized void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    if (clip != null) {
      clip.close();
    } else {
      encoder.close();
    }
  }
}
