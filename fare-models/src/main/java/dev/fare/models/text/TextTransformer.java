package dev.fare.models.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.models.transformer.Activation;
import dev.fare.torch.Host;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchObject;
import dev.fare.torch.TorchSource;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** CLIP's text transformer (Radford et al., 2021); the mathematics is text_transformer.py. */
public final class TextTransformer implements AutoCloseable {

  private static final TorchSource SOURCE =
      TorchSource.resource(TextTransformer.class, "text_transformer.py")
          .importing(TorchSource.resource(Activation.class, "transformer.py"));

  private final TextConfig config;
  private final NDManager manager;
  private final Map<String, NDArray> parameters;
  private final TorchModule module;

  /**
   * Puts a tower together.
   *
   * @param config the architecture
   * @param parameters the weights in the order of {@link TextConfig#tensors} without the logit
   *     scale, owned by {@code manager}
   * @param manager the owner of everything native, which this tower closes
   */
  public TextTransformer(TextConfig config, Map<String, NDArray> parameters, NDManager manager) {
    this.config = config;
    this.manager = manager;
    this.parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    module =
        TorchModule.compile(SOURCE, "TextTransformer", attributes(config), manager.getDevice())
            .bind(List.copyOf(parameters.values()));
  }

  private static Map<String, Object> attributes(TextConfig config) {
    return Map.of(
        "layers", config.layers(),
        "heads", config.heads(),
        "quick_gelu", config.activation() == Activation.QUICK_GELU,
        "epsilon", config.layerNormEpsilon(),
        "end_token", config.endToken().orElse(-1));
  }

  /**
   * This tower with its weights, for a TorchScript archive; its method {@code embed} takes token
   * ids and gives embeddings.
   */
  public TorchObject toScript() {
    Map<String, Object> state = new LinkedHashMap<>(attributes(config));
    state.put("params", List.copyOf(parameters.values()));
    return new TorchObject(SOURCE, "TextTransformer", state);
  }

  /** The architecture. */
  public TextConfig config() {
    return config;
  }

  /**
   * Embeds texts.
   *
   * @param ids token ids {@code [N,T]} int64, T at most the context length
   * @return {@code [N,D]}, not normalised, owned by the manager of {@code ids}
   */
  public NDArray embed(NDArray ids) {
    checkIds(ids);
    return module.call("embed", ids);
  }

  /**
   * The tokens after every depth from 0 (the embedded ids) to the number of blocks, before the
   * final layer normalisation.
   *
   * @param ids token ids {@code [N,T]} int64, T at most the context length
   * @return arrays {@code [N,T,C]}, owned by the manager of {@code ids}
   */
  public NDList hiddenStates(NDArray ids) {
    checkIds(ids);
    return module.callAll("hidden_states", ids);
  }

  private void checkIds(NDArray ids) {
    if (ids.getShape().dimension() != 2
        || ids.getShape().get(1) > config.contextLength()
        || ids.getDataType() != DataType.INT64) {
      throw new IllegalArgumentException(
          "token ids must be [N,T] int64 with T at most "
              + config.contextLength()
              + ", got "
              + ids.getShape()
              + " "
              + ids.getDataType());
    }
    try (NDArray low = ids.min();
        NDArray high = ids.max()) {
      double[] ends = Host.doubles(low, high);
      if (ends[0] < 0 || ends[1] >= config.vocabularySize()) {
        throw new IllegalArgumentException(
            "token ids must be in [0, %s), got %.0f to %.0f; they come from another tokenizer"
                .formatted(config.vocabularySize(), ends[0], ends[1]));
      }
    }
  }

  /** The weights under their names in {@link TextConfig#tensors}, which this tower owns. */
  public Map<String, NDArray> parameters() {
    return parameters;
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
