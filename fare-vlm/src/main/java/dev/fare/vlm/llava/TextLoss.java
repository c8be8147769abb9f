package dev.fare.vlm.llava;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.vlm.language.LlamaModel;
import java.util.ArrayList;
import java.util.List;

/**
 * The loss of texts as a function of embeddings, with the memory of one layer.
 *
 * <p>The states between layers are kept and each layer is computed again for its gradient (Chen et
 * al., 2016). The gradient is found together with the loss; what goes on into autograd is a linear
 * function of the embeddings with this value and this gradient.
 *
 * @param model the language model
 * @param mask {@code [N,L]}
 * @param labels {@code [N,K]} of the last K places
 */
record TextLoss(LlamaModel model, NDArray mask, NDArray labels) {

  /**
   * The loss of each text.
   *
   * @param embeddings {@code [N,L,W]}
   * @return {@code [N,2]}: mean cross-entropy, recorded where the embeddings are, and whether each
   *     token is the likeliest
   */
  NDArray of(NDArray embeddings) {
    if (!Autograd.isRecorded(embeddings)) {
      return model.teacherForced(embeddings, mask, labels);
    }
    NDManager owner = embeddings.getManager();
    NDArray judged;
    NDArray gradient;
    try (TensorScope scope = TensorScope.of(owner)) {
      List<NDArray> states = states(scope.view(embeddings));
      NDArray last = Autograd.leaf(states.get(states.size() - 1));
      NDArray result = model.judge(last, labels);
      NDArray flowing = Autograd.gradient(result.get(":, 0").sum(), last);
      for (int layer = states.size() - 2; layer >= 0; layer--) {
        flowing = backThrough(layer, states.get(layer), flowing);
      }
      judged = scope.keep(result.stopGradient(), owner);
      gradient = scope.keep(flowing, owner);
    }
    NDArray change = embeddings.sub(embeddings.stopGradient()).mul(gradient);
    NDArray losses = judged.get(":, 0").add(change.sum(new int[] {1, 2}));
    return NDArrays.stack(new NDList(losses, judged.get(":, 1")), 1);
  }

  /** The embeddings and what comes out of each layer. */
  private List<NDArray> states(NDArray embeddings) {
    List<NDArray> states = new ArrayList<>();
    states.add(embeddings);
    try (GradMode off = GradMode.noGrad()) {
      for (int layer = 0; layer < model.config().layers(); layer++) {
        states.add(model.layer(states.get(layer), mask, layer));
      }
    }
    return states;
  }

  /** The gradient of a layer's input, given its output's. */
  private NDArray backThrough(int layer, NDArray input, NDArray flowing) {
    try (TensorScope scope = TensorScope.of(input)) {
      NDArray leaf = Autograd.leaf(input);
      NDArray output = model.layer(leaf, mask, layer);
      NDArray gradient = Autograd.gradient(output.mul(flowing).sum(), leaf);
      return scope.keep(gradient, input.getManager());
    }
  }
}
