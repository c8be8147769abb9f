package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackResult.Scores;
import dev.fare.Objective;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;

/** Shows images that were made against one model to another. */
public final class Transfer {

  private Transfer() {}

  /**
   * How the other model rates the images.
   *
   * @param images {@code [N,C,H,W]}, for example {@code AttackResult.images()}
   * @param target the same question to another model
   * @return losses and successes, owned by the manager of the images
   */
  public static Scores replay(NDArray images, Objective target) {
    NDManager owner = images.getManager();
    try (GradMode off = GradMode.noGrad();
        TensorScope scope = TensorScope.of(owner)) {
      NDArray outputs = target.forward(scope.view(images));
      NDArray losses = scope.keep(target.losses(outputs), owner);
      return new Scores(losses, scope.keep(target.succeeded(outputs), owner));
    }
  }
}
