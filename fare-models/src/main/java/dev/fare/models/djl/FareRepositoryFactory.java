package dev.fare.models.djl;

import static java.util.Objects.requireNonNull;

import ai.djl.repository.Repository;
import ai.djl.repository.RepositoryFactory;
import dev.fare.models.hub.ModelHub;
import java.net.URI;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The scheme {@code fare://} in DJL's {@code Criteria}:
 *
 * <pre>{@code
 * Criteria.builder()
 *     .setTypes(Image.class, float[].class)
 *     .optModelUrls("fare:///models/fare4-clip-vit-l-14")
 *     .build()
 *     .loadModel();
 * }</pre>
 *
 * <ul>
 *   <li>{@code fare:///models/clip} is an absolute path, {@code fare:models/clip} and {@code
 *       fare://models/clip} are relative ones, of a directory or file in any layout that {@code
 *       RobustClipEncoder.load} reads. Spaces are written {@code %20}; a comma separates URLs.
 *   <li>{@code fare://hub/owner/name}, or {@code …@revision} to pin it, is a model of Hugging
 *       Face's hub. It is downloaded by {@code loadModel} or {@code downloadModel}, with the
 *       settings of the environment that {@link ModelHub} knows.
 *   <li>{@code ?tokens=llava}, or {@code optArgument("tokens", "llava")}, gives tokens in place of
 *       embeddings: {@code llava}, {@code open_flamingo}, {@code last_post_norm} or the index of a
 *       hidden state.
 *   <li>{@code ?precision=bfloat16}, {@code float16}, {@code float32} or {@code auto} is the
 *       arithmetic of the layers, {@code ?imageSize=336} another size of the images than the
 *       weights' own, {@code ?lowLatency=true} for few images at a time, as {@code
 *       RobustClipEncoder.builder} has them; {@code &} joins arguments. The device is {@code
 *       optDevice}'s, by default a GPU where there is one.
 *   <li>{@code optArgument("batchifier", "stack")} or {@code "none"} says whether inputs are single
 *       images or batches; pictures are stacked by default, arrays are taken as batches.
 * </ul>
 *
 * <p>DJL finds this class by its service loader; nothing is opened or downloaded before it is asked
 * for.
 */
public final class FareRepositoryFactory implements RepositoryFactory {

  private final UnaryOperator<ModelHub.Builder> hubSettings;

  /** Called by DJL. */
  public FareRepositoryFactory() {
    this(UnaryOperator.identity());
  }

  /**
   * With other settings for {@code fare://hub/} URLs than those of the environment, for {@code
   * Repository.registerRepositoryFactory}.
   *
   * @param hubSettings changes the builder before each download
   */
  public FareRepositoryFactory(UnaryOperator<ModelHub.Builder> hubSettings) {
    this.hubSettings = requireNonNull(hubSettings);
  }

  @Override
  public Repository newInstance(String name, URI uri) {
    return new FareRepository(name, uri, hubSettings);
  }

  @Override
  public Set<String> getSupportedScheme() {
    return Set.of(FareRepository.SCHEME);
  }
}
