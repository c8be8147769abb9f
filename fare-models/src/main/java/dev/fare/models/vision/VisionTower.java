package dev.fare.models.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.torch.TorchObject;
import java.util.Map;

/**
 * A vision tower with its weights on a device: pixels {@code [N,3,H,W]} in [0,1] to embeddings.
 *
 * <p>Results belong to the manager of the pixels and are recorded where the thread records. Safe
 * for use from many threads; nobody may use it after {@link #close}.
 */
public sealed interface VisionTower extends AutoCloseable permits VisionTransformer, ConvNext {

  /** The architecture. */
  VisionConfig config();

  /**
   * Embeds images.
   *
   * @return {@code [N,D]}, not normalised
   * @throws IllegalArgumentException if the pixels are not {@code [N,3,S,S]} float32 with the
   *     tower's image size S
   */
  NDArray embed(NDArray pixels);

  /**
   * Embeds images and gives the patch tokens before the last block, which LLaVA reads, in one pass.
   *
   * @return {@code [N,D]} and {@code [N,T,C]}
   * @throws UnsupportedOperationException if the architecture has no such tokens
   */
  default NDList embedWithTokens(NDArray pixels) {
    throw new UnsupportedOperationException("this architecture has no patch tokens: " + config());
  }

  /**
   * The tokens after some of the blocks without the final normalisation, the class token first
   * where there is one.
   *
   * @param depth how many blocks are run, from 0 (the embedded patches) to {@link
   *     VisionConfig#depth()}
   * @return {@code [N,T,C]}
   */
  NDArray hiddenState(NDArray pixels, int depth);

  /** The tokens after every depth from 0 to {@link VisionConfig#depth()}. */
  NDList hiddenStates(NDArray pixels);

  /**
   * Applies the final layer normalisation to each token of {@code [N,T,C]}.
   *
   * @throws IllegalArgumentException if this tower normalises no tokens
   */
  NDArray postNorm(NDArray tokens);

  /** The arithmetic of the layers: FLOAT32, BFLOAT16 or FLOAT16. */
  Precision precision();

  /**
   * The float32 weights under their names in {@link VisionConfig#tensors}, which this tower owns.
   * The next call sees what an operation in place makes of them, in every precision.
   */
  Map<String, NDArray> parameters();

  /**
   * This tower, on the same weights, keeping for a backward pass of its embeddings only what stands
   * between the blocks; the rest is computed again. See {@code
   * TrainableEncoder#withActivationCheckpointing}.
   */
  VisionTower withActivationCheckpointing();

  /** An independent tower with copies of the weights, which computes the same bits. */
  VisionTower copy();

  /**
   * This tower in float32 with its weights as they are now, for a TorchScript archive; its method
   * {@code embed} takes images and gives embeddings.
   *
   * @param normalization applied to the images first: mean 0 and std 1 where the caller has done it
   * @param owner of the arrays in the result; weights that are used as they are share their storage
   */
  TorchObject toScript(PixelNormalization normalization, NDManager owner);

  @Override
  void close();
}
