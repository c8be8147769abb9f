package dev.fare.examples.llava;

import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.PixelImage;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.util.List;
import java.util.function.Function;

/**
 * Encoder → projector → language model, wired as in LLaVA-1.5.
 *
 * <p>The encoder is a DJL block. Swapping it is one line where the pipeline is put together, and
 * nothing behind it is trained again:
 *
 * <pre>{@code
 * - Block encoder = original.asBlock(TokenLayer.LLAVA);
 * + Block encoder = RobustClipEncoder.load(Path.of("fare4-clip")).asBlock(TokenLayer.LLAVA);
 *   LlavaPipeline<String> pipeline =
 *       new LlavaPipeline<>(encoder, ClipPreprocessing.llava(336), projector, languageModel);
 *   String answer = pipeline.answer(picture);
 * }</pre>
 *
 * @param <A> what the language model answers
 */
public final class LlavaPipeline<A> {

  private final Block encoder;
  private final ClipPreprocessing preprocessing;
  private final Projector projector;
  private final Function<NDArray, A> languageModel;

  /**
   * Puts a pipeline together; the caller closes its parts.
   *
   * @param encoder from pixels {@code [N,3,S,S]} in [0,1] to tokens {@code [N,T,C]}
   * @param preprocessing to S pixels; LLaVA pads pictures to a square
   * @param projector from C to the language model's width W
   * @param languageModel reads the tokens {@code [1,T,W]} of one picture; they are freed when it
   *     returns
   */
  public LlavaPipeline(
      Block encoder,
      ClipPreprocessing preprocessing,
      Projector projector,
      Function<NDArray, A> languageModel) {
    this.encoder = encoder;
    this.preprocessing = preprocessing;
    this.projector = projector;
    this.languageModel = languageModel;
  }

  /** What the language model says to a picture of any size. */
  public A answer(Image picture) {
    try (TensorScope scope = projector.newScope()) {
      return answer(pixels(picture, scope.manager()));
    }
  }

  /** What the language model says to the pixels {@code [1,3,S,S]} of a picture. */
  public A answer(NDArray pixels) {
    try (TensorScope scope = TensorScope.of(pixels);
        GradMode off = GradMode.noGrad()) {
      return languageModel.apply(visualTokens(scope.view(pixels)));
    }
  }

  /**
   * The pixels of a picture of any size.
   *
   * @return {@code [1,3,S,S]} in [0,1]
   */
  public NDArray pixels(Image picture, NDManager manager) {
    return preprocessing.toPixels(manager, List.of(PixelImage.of(picture)));
  }

  /**
   * What the language model reads in the place of images, differentiable to their pixels.
   *
   * @param pixels {@code [N,3,S,S]} in [0,1]
   * @return {@code [N,T,W]}
   */
  public NDArray visualTokens(NDArray pixels) {
    ParameterStore parameters = new ParameterStore(pixels.getManager(), false);
    NDList tokens = encoder.forward(parameters, new NDList(pixels), false);
    return projector.project(tokens.singletonOrThrow());
  }
}
