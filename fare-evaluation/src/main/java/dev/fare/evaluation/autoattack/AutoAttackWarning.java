package dev.fare.evaluation.autoattack;

/** Why a robust accuracy may say less than it seems to. */
public sealed interface AutoAttackWarning {

  /** What it means, in a sentence. */
  String message();

  /**
   * The same images gave different logits.
   *
   * @param largestDifference between two passes, of logits scaled to unit length
   */
  record RandomizedModel(double largestDifference) implements AutoAttackWarning {
    @Override
    public String message() {
      return "the model draws random numbers (logits differ by up to "
          + largestDifference
          + "): use AutoAttack.Version.RAND";
    }
  }

  /** The outputs are probabilities, whose gradients vanish; give logits. */
  record ProbabilityOutputs() implements AutoAttackWarning {
    @Override
    public String message() {
      return "the outputs look like probabilities: return the logits before the softmax, whose"
          + " gradients do not vanish";
    }
  }

  /**
   * There are fewer classes than an attack would use.
   *
   * @param attack its name
   * @param classes of the model
   * @param targetsAsked how many wrong classes it would go for; 0 if it has no targets
   * @param targetsUsed how many it goes for; 0 with targets asked for means that it was left out
   */
  record FewClasses(String attack, int classes, int targetsAsked, int targetsUsed)
      implements AutoAttackWarning {
    @Override
    public String message() {
      String what = attack + " with " + classes + " classes ";
      if (targetsAsked == 0) {
        return what + "uses the plain difference of logits, as its ratio needs three";
      }
      return targetsUsed == 0
          ? what + "was left out"
          : what + "goes for " + targetsUsed + " targets instead of " + targetsAsked;
    }
  }

  /**
   * Images had no gradient at all where an attack started.
   *
   * @param attack its name
   * @param images how many starts
   */
  record ZeroGradients(String attack, long images) implements AutoAttackWarning {
    @Override
    public String message() {
      return images
          + " starts of "
          + attack
          + " had no gradient: gradient-based attacks may be blind, trust black-box ones";
    }
  }

  /**
   * Gradients held NaN or infinity, which were taken as zero.
   *
   * @param attack its name
   * @param images how many gradients
   */
  record NonFiniteGradients(String attack, long images) implements AutoAttackWarning {
    @Override
    public String message() {
      return images + " gradients in " + attack + " held NaN or infinity and were taken as zero";
    }
  }

  /**
   * The black-box attack found what the gradient-based ones before it did not.
   *
   * @param accuracyDrop by how much it lowered the robust accuracy, in [0,1]
   */
  record BlackBoxWins(double accuracyDrop) implements AutoAttackWarning {
    @Override
    public String message() {
      return "Square lowered the robust accuracy by "
          + accuracyDrop
          + " after the gradient-based attacks: the model may hide its gradient, use an adaptive"
          + " attack";
    }
  }
}
