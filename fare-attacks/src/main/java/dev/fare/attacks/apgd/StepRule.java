package dev.fare.attacks.apgd;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import dev.fare.Ball;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.List;
import java.util.Map;

/** How APGD moves in one norm's geometry, and how it adapts its step sizes at checkpoints. */
interface StepRule {

  /** Arithmetic of the rules. */
  final class Script {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(StepRule.class, "step_rules.py"),
            "StepRules",
            Map.of(),
            Device.cpu());

    private Script() {}
  }

  /** How many steps lie between the last checkpoint and the next. */
  int window();

  /**
   * The next images.
   *
   * @param images {@code [N,C,H,W]}, the current ones
   * @param previous the ones before
   * @param gradient of the loss at the current images
   * @param first whether this is step 0
   */
  NDArray advance(Ball ball, NDArray images, NDArray previous, NDArray gradient, boolean first);

  /** Sees the losses {@code [N]} that a step reached. */
  void observe(NDArray losses, TensorScope step);

  /**
   * Adapts the step sizes.
   *
   * @param bestImages {@code [N,C,H,W]}, of highest loss so far
   * @param bestLosses {@code [N]}
   * @return {@code [N]} boolean: the images that go back to the best point
   */
  NDArray adapt(Ball ball, NDArray bestImages, NDArray bestLosses, TensorScope step);

  /** The step sizes {@code [N,1,1,1]}, in pixel space. */
  NDArray stepSizes();

  /** What has a row per image. */
  List<LoopTensor> state();
}
