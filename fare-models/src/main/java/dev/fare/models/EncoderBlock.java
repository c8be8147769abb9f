package dev.fare.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An encoder as a DJL block: pixels {@code [N,3,S,S]} float32 in [0,1] to embeddings {@code [N,D]}
 * or tokens {@code [N,T,C]}.
 *
 * <p>The encoder is frozen inside: the block has no parameters, so that a DJL trainer tunes what is
 * put after it and leaves the encoder as it is. Gradients flow through to the pixels. The block
 * lives as long as its encoder, which its owner closes.
 */
public final class EncoderBlock extends AbstractBlock {

  private final RobustClipEncoder encoder;
  private final Optional<TokenLayer> layer;
  private final Shape outputOfOneImage;

  EncoderBlock(RobustClipEncoder encoder, Optional<TokenLayer> layer) {
    this.encoder = encoder;
    this.layer = layer;
    outputOfOneImage =
        layer
            .map(tokens -> tokens.shapeIn(encoder.config().vision()))
            .orElse(new Shape(encoder.embeddingSize()));
    inputNames = List.of("pixels");
    inputShapes = new Shape[] {new Shape(-1, 3, encoder.imageSize(), encoder.imageSize())};
    outputDataTypes = new DataType[] {DataType.FLOAT32};
  }

  public boolean givesTokens() {
    return layer.isPresent();
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameterStore,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> params) {
    return new NDList(apply(inputs.singletonOrThrow()));
  }

  public NDArray apply(NDArray pixels) {
    if (!pixels.getDevice().equals(encoder.device())) {
      throw new IllegalArgumentException(
          "the encoder is on "
              + encoder.device()
              + ", the pixels are on "
              + pixels.getDevice()
              + "; move the pixels or load the encoder there");
    }
    return layer.isPresent() ? encoder.tokens(pixels, layer.get()) : encoder.embed(pixels);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return new Shape[] {new Shape(inputShapes[0].get(0)).addAll(outputOfOneImage)};
  }
}
