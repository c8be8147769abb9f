package dev.fare.vlm.language;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;

/** A batch of texts that are being written: what the model has read, and what it expects next. */
final class Decoding implements AutoCloseable {

  private final LlamaModel model;
  private final NDManager manager;
  private NDArray mask;
  private NDArray logits;
  private NDList cache;

  /** Reads the prompts. */
  Decoding(LlamaModel model, NDArray embeddings, NDArray mask) {
    this.model = model;
    manager = embeddings.getManager().newSubManager();
    try (TensorScope step = TensorScope.of(manager)) {
      NDList state = model.start(embeddings, mask);
      this.mask = step.keep(mask.duplicate(), manager);
      logits = step.keep(state.get(0), manager);
      cache = keep(step, state.subNDList(1));
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  private NDList keep(TensorScope step, NDList arrays) {
    arrays.forEach(array -> step.keep(array, manager));
    return arrays;
  }

  /** What the model expects next, {@code [N,V]}. */
  NDArray logits() {
    return logits;
  }

  /** The most likely next token of each text, {@code [N]} int64, until {@link #append}. */
  NDArray highest() {
    try (TensorScope scope = TensorScope.of(manager)) {
      return scope.keep(logits.argMax(1), manager);
    }
  }

  /** How many more tokens each text may have. */
  int room() {
    return Math.toIntExact(model.config().contextLength() - mask.getShape().get(1));
  }

  /** Gives each text its next token. */
  void append(long[] tokens) {
    try (TensorScope scope = TensorScope.of(manager)) {
      append(Host.bring(scope.manager(), tokens));
    }
  }

  /**
   * The same of tokens that are on the model's device already.
   *
   * @param tokens {@code [N]} int64
   */
  void append(NDArray tokens) {
    NDArray oldLogits = logits;
    NDArray oldMask = mask;
    NDList oldCache = cache;
    try (TensorScope step = TensorScope.of(manager)) {
      NDArray ids = step.view(tokens).expandDims(1);
      NDArray ones = step.manager().ones(ids.getShape(), DataType.INT64);
      NDArray all = NDArrays.concat(new NDList(mask, ones), 1);
      NDList state = model.goOn(model.embed(ids), all, cache);
      mask = step.keep(all, manager);
      logits = step.keep(state.get(0), manager);
      cache = keep(step, state.subNDList(1));
    }
    oldLogits.close();
    oldMask.close();
    oldCache.close();
  }

  /** Goes on with some of the texts, in a new order; a text may be taken several times. */
  void select(int[] texts) {
    NDArray oldMask = mask;
    NDArray oldLogits = logits;
    NDList oldCache = cache;
    try (TensorScope step = TensorScope.of(manager)) {
      long[] indices = new long[texts.length];
      for (int i = 0; i < indices.length; i++) {
        indices[i] = texts[i];
      }
      NDArray rows = Host.bring(step.manager(), indices);
      NDList both = model.reorder(rows, new NDList(oldMask, oldLogits));
      mask = step.keep(both.get(0), manager);
      logits = step.keep(both.get(1), manager);
      cache = keep(step, model.reorder(rows, oldCache));
    }
    oldMask.close();
    oldLogits.close();
    oldCache.close();
  }

  /** Frees everything. */
  @Override
  public void close() {
    manager.close();
  }
}
