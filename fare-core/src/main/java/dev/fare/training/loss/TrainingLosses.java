package dev.fare.training.loss;

import ai.djl.ndarray.NDArray;
import dev.fare.Cosine;
import dev.fare.ImageEncoder;
import dev.fare.Objective;
import dev.fare.torch.Autograd;

/** The losses of the published methods. */
final class TrainingLosses {

  private TrainingLosses() {}

  record Adversarial(EmbeddingLoss loss) implements TrainingLoss {

    @Override
    public NDArray losses(LossInputs inputs) {
      return loss.losses(inputs.adversarial(), inputs.targets());
    }

    @Override
    public InnerObjective innerObjective() {
      return loss;
    }
  }

  record Trades(EmbeddingLoss loss) implements TrainingLoss {

    @Override
    public NDArray losses(LossInputs inputs) {
      return loss.losses(inputs.adversarial(), inputs.targets().withReference(inputs.fixedClean()));
    }

    @Override
    public InnerObjective innerObjective() {
      return loss;
    }
  }

  record SimClip() implements TrainingLoss {

    @Override
    public NDArray losses(LossInputs inputs) {
      NDArray adversarial = inputs.adversarial();
      NDArray clean = inputs.clean();
      NDArray forth = Cosine.between(adversarial, clean.stopGradient());
      NDArray back = Cosine.between(clean, adversarial.stopGradient());
      return Autograd.plus(Autograd.scaled(forth.add(back), -0.5), 1);
    }
  }

  record WithClean(TrainingLoss adversarial, EmbeddingLoss clean, double weight)
      implements TrainingLoss {

    WithClean {
      if (!(weight > 0 && weight < 1)) {
        throw new IllegalArgumentException("the clean weight must be in (0, 1), got " + weight);
      }
    }

    @Override
    public NDArray losses(LossInputs inputs) {
      // the clean part first: a loss that wants the clean embedding held fixed then has it for free
      NDArray cleanPart = Autograd.scaled(clean.losses(inputs.clean(), inputs.targets()), weight);
      return cleanPart.add(Autograd.scaled(adversarial.losses(inputs), 1 - weight));
    }

    @Override
    public InnerObjective innerObjective() {
      return adversarial.innerObjective();
    }

    @Override
    public boolean readsTokens() {
      return adversarial.readsTokens();
    }
  }

  record WithTokens(TrainingLoss embedding, EmbeddingLoss attacked, double weight)
      implements TrainingLoss {

    WithTokens {
      if (!(weight > 0) || Double.isInfinite(weight)) {
        throw new IllegalArgumentException(
            "the weight of tokens must be above 0 and finite, got " + weight);
      }
    }

    @Override
    public NDArray losses(LossInputs inputs) {
      NDArray tokens =
          TokenObjective.tokenDistances(inputs.adversarialTokens(), inputs.targets().tokens());
      return embedding.losses(inputs).add(Autograd.scaled(tokens, weight));
    }

    @Override
    public InnerObjective innerObjective() {
      return new TokenGoal(attacked, weight);
    }

    @Override
    public boolean readsTokens() {
      return true;
    }
  }

  private record TokenGoal(EmbeddingLoss embedding, double weight) implements InnerObjective {

    @Override
    public Objective objective(ImageEncoder encoder, Targets targets) {
      return new TokenObjective((TokenEncoder) encoder, embedding, weight, targets);
    }
  }
}
