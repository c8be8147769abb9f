package dev.fare.training.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import dev.fare.SelectableObjective;
import dev.fare.torch.Autograd;
import dev.fare.training.loss.TokenEncoder.EmbeddedTokens;

/** A loss of the embedding and the distance of the tokens together, for an attack to climb. */
record TokenObjective(
    TokenEncoder encoder, EmbeddingLoss embeddingLoss, double weight, Targets targets)
    implements SelectableObjective {

  /** Both in one array: {@code [N, D + T * C]}. */
  @Override
  public NDArray forward(NDArray pixels) {
    EmbeddedTokens both = encoder.embedWithTokens(pixels);
    NDArray tokens = both.tokens().reshape(pixels.getShape().get(0), -1);
    return both.embedding().concat(tokens, 1);
  }

  @Override
  public NDArray losses(NDArray outputs) {
    long size = encoder.embeddingSize();
    NDArray embeddings = outputs.get(new NDIndex().addAllDim().addSliceDim(0, size));
    NDArray flat =
        outputs.get(new NDIndex().addAllDim().addSliceDim(size, outputs.getShape().get(1)));
    NDArray tokens = flat.reshape(targets.tokens().getShape());
    return embeddingLoss
        .losses(embeddings, targets)
        .add(Autograd.scaled(tokenDistances(tokens, targets.tokens()), weight));
  }

  /** Squared distance over channels, mean over tokens: {@code [N,T,C]} twice to {@code [N]}. */
  static NDArray tokenDistances(NDArray tokens, NDArray reference) {
    return tokens.sub(reference).square().sum(new int[] {2}).mean(new int[] {1});
  }

  @Override
  public SelectableObjective select(NDArray rows) {
    return new TokenObjective(encoder, embeddingLoss, weight, targets.select(rows));
  }
}
