package dev.fare.vlm.language;

import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.io.LazyTensor;
import dev.fare.models.transformer.TorchType;
import dev.fare.torch.GradMode;
import dev.fare.torch.TorchDevices;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Llama (Touvron et al., 2023) with its weights on a device; the mathematics is llama.py.
 *
 * <p>It reads embedded tokens, so that something else than words can stand among them. A mask
 * {@code [N,T]} int64 is 1 where there is a token and 0 where there is padding. Results belong to
 * the manager of the first argument and are recorded where the thread records. Safe for use from
 * many threads; nobody may use it after {@link #close}.
 */
public final class LlamaModel implements AutoCloseable {

  private static final TorchSource SOURCE = TorchSource.resource(LlamaModel.class, "llama.py");

  private final LlamaConfig config;
  private final Precision precision;
  private final NDManager manager;
  private final TorchModule module;

  private LlamaModel(LlamaConfig config, Precision precision, NDManager manager) {
    final int type = TorchType.of(precision);
    this.config = config;
    this.precision = precision;
    this.manager = manager;
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("layers", config.layers());
    attributes.put("heads", config.heads());
    attributes.put("key_value_heads", config.keyValueHeads());
    attributes.put("head_size", config.headSize());
    attributes.put("theta", config.ropeTheta());
    attributes.put("position_factor", config.positionFactor());
    attributes.put("epsilon", config.normEpsilon());
    attributes.put("tied", config.isTied());
    attributes.put("dtype", type);
    module = TorchModule.compile(SOURCE, "Llama", attributes, manager.getDevice());
  }

  /**
   * Loads a Hugging Face directory of {@code LlamaForCausalLM}, in float32, onto a GPU where there
   * is one.
   *
   * @throws IOException if it can't be read or used; the message names file and tensor
   */
  public static LlamaModel load(Path directory) throws IOException {
    return builder(LanguageCheckpoint.read(directory)).load();
  }

  /** Starts to describe how to load a Llama: device, precision. */
  public static Builder builder(LanguageCheckpoint checkpoint) {
    return new Builder(checkpoint);
  }

  private void add(LazyTensor tensor) throws IOException {
    try (NDManager step = manager.newSubManager();
        GradMode off = GradMode.noGrad()) {
      module.call("add", tensor.read(step));
    }
  }

  /** The architecture. */
  public LlamaConfig config() {
    return config;
  }

  /** The arithmetic of the matrix products. */
  public Precision precision() {
    return precision;
  }

  /** The device that the weights are on. */
  public Device device() {
    return manager.getDevice();
  }

  /**
   * The weights by name. The arrays share the model's storage: an operation in place is seen by the
   * next call, and one that requires a gradient is trained.
   *
   * @param owner frees the handles, not the weights
   * @throws IllegalStateException if the model is not in float32, the only type that arrays can
   *     have
   */
  public Map<String, NDArray> parameters(NDManager owner) {
    if (precision != Precision.FLOAT32) {
      throw new IllegalStateException(
          "the weights of a model in " + precision + " can't be taken out; load it in FLOAT32");
    }
    NDList weights;
    try (NDManager step = owner.newSubManager()) {
      weights = module.callAll("weights", step.create(0f));
      weights.forEach(weight -> weight.attach(owner));
    }
    Map<String, NDArray> named = new LinkedHashMap<>();
    for (String name : config.tensors().keySet()) {
      named.put(name, weights.get(named.size()));
    }
    return named;
  }

  /**
   * The vectors of tokens.
   *
   * @param ids {@code [N,T]} int64; below 0 for something that takes a token's place
   * @return {@code [N,T,C]}
   */
  public NDArray embed(NDArray ids) {
    if (ids.getShape().dimension() != 2 || ids.getDataType() != DataType.INT64) {
      throw new IllegalArgumentException(
          "token ids must be [N,T] int64, got " + ids.getShape() + " " + ids.getDataType());
    }
    return module.call("embed", ids);
  }

  /**
   * What the model expects after each token.
   *
   * @param embeddings {@code [N,T,C]} float32
   * @return {@code [N,T,V]}; where the mask is 0, without meaning
   */
  public NDArray logits(NDArray embeddings, NDArray mask) {
    check(embeddings, mask, 0);
    return module.call("logits", embeddings, mask);
  }

  /**
   * The states {@code [N,T,C]} after every depth: the embeddings, then after each layer, the last
   * one after the final normalisation.
   */
  public NDList hiddenStates(NDArray embeddings, NDArray mask) {
    check(embeddings, mask, 0);
    return module.callAll("hidden_states", embeddings, mask);
  }

  /**
   * How well the model expects what is there.
   *
   * @param embeddings {@code [N,T,C]} of prompts and the texts that follow them
   * @param labels {@code [N,K]} int64, K at most T: the tokens that are asked for in the last K
   *     places, below 0 elsewhere; memory grows with {@code N·K·V}
   * @return {@code [N,2]}: the mean cross-entropy of each row's labels, and 1 where each label is
   *     the likeliest token in its place, so that greedy decoding would write this very text
   */
  public NDArray teacherForced(NDArray embeddings, NDArray mask, NDArray labels) {
    check(embeddings, mask, 0);
    return module.call("teacher_forced", embeddings, mask, labels);
  }

  /**
   * One layer alone, {@code [N,T,C]} to the same shape; {@link #judge} goes on after the last.
   *
   * @param index from 0
   */
  public NDArray layer(NDArray states, NDArray mask, int index) {
    return module.call("layer", new double[] {index}, states, mask);
  }

  /** What {@link #teacherForced} gives, from the states after the last layer. */
  public NDArray judge(NDArray states, NDArray labels) {
    return module.call("judge", states, labels);
  }

  /**
   * Reads a prompt.
   *
   * @return the logits {@code [N,V]} of the next token, then the keys and values of each layer
   */
  NDList start(NDArray embeddings, NDArray mask) {
    check(embeddings, mask, 0);
    return module.callAll("start", embeddings, mask);
  }

  /**
   * Reads further tokens.
   *
   * @param mask of all tokens, those before included
   * @param cache keys and values of the tokens before
   */
  NDList goOn(NDArray embeddings, NDArray mask, NDList cache) {
    check(embeddings, mask, mask.getShape().get(1) - embeddings.getShape().get(1));
    return module.callList("go_on", List.of(embeddings, mask), cache);
  }

  /** The cache of some of its rows {@code [M]}, in a new order. */
  NDList reorder(NDArray rows, NDList cache) {
    return module.callList("reorder", List.of(rows), cache);
  }

  private void check(NDArray embeddings, NDArray mask, long before) {
    TorchDevices.checkSame(device(), List.of(embeddings, mask));
    Shape shape = embeddings.getShape();
    if (shape.dimension() != 3
        || shape.get(2) != config.width()
        || !mask.getShape().equals(new Shape(shape.get(0), before + shape.get(1)))
        || mask.getDataType() != DataType.INT64) {
      throw new IllegalArgumentException(
          "embeddings must be [N,T,"
              + config.width()
              + "] with a mask [N,T] int64, got "
              + shape
              + " and "
              + mask.getShape()
              + " "
              + mask.getDataType());
    }
    if (mask.getShape().get(1) > config.contextLength()) {
      throw new IllegalArgumentException(
          "this model was made for "
              + config.contextLength()
              + " tokens, those of images included, got "
              + mask.getShape().get(1)
              + "; shorten the prompt");
    }
  }

  @Override
  public String toString() {
    return "LlamaModel[%s, %s, %s]".formatted(config, precision, device());
  }

  /** Frees the weights. */
  @Override
  public void close() {
    module.close();
    manager.close();
  }

  /** How to load a {@link LlamaModel}; one for each load. */
  public static final class Builder {

    private final LanguageCheckpoint checkpoint;
    private @Nullable Device device;
    private Precision precision = Precision.FLOAT32;

    private Builder(LanguageCheckpoint checkpoint) {
      this.checkpoint = requireNonNull(checkpoint, "checkpoint");
    }

    /** Where the weights go; by default a GPU where there is one. */
    public Builder device(Device value) {
      device = requireNonNull(value, "device");
      return this;
    }

    /** FLOAT32 by default; BFLOAT16 or FLOAT16 for the matrices and their products. */
    public Builder precision(Precision value) {
      precision = requireNonNull(value, "precision");
      return this;
    }

    /**
     * Loads the model, one tensor after another, so that beside it there is never more than one of
     * them in float32.
     *
     * @throws IOException if a tensor can't be read
     */
    public LlamaModel load() throws IOException {
      NDManager manager = NDManager.newBaseManager(TorchDevices.orDefault(device), "PyTorch");
      try {
        LlamaModel model = new LlamaModel(checkpoint.config(), precision, manager);
        for (String name : checkpoint.config().tensors().keySet()) {
          model.add(checkpoint.tensor(name));
        }
        return model;
      } catch (IOException | RuntimeException e) {
        manager.close();
        throw e;
      }
    }
  }
}
