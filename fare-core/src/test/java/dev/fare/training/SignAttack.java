package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.Objective;
import dev.fare.SeededAttack;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.util.Objects;
import java.util.Random;
import java.util.stream.LongStream;

/** Sign-gradient steps from a seeded random start; each image's draws depend on its row alone. */
public record SignAttack(double epsilon, int steps, long seed) implements SeededAttack {

  @Override
  public AttackResult perturb(Objective objective, NDArray pixels, AttackOptions options) {
    long[] rows = LongStream.range(0, pixels.getShape().get(0)).toArray();
    long[] ids = Objects.requireNonNullElse(options.imageIds(), rows);
    long draws = Objects.requireNonNullElse(options.seed(), seed);
    NDArray start = options.start();
    return perturb(objective, pixels, start == null ? start(pixels, ids, draws) : start);
  }

  private NDArray start(NDArray pixels, long[] imageIds, long draws) {
    Shape shape = pixels.getShape();
    float[] values = pixels.toFloatArray();
    int imageFloats = values.length / imageIds.length;
    for (int row = 0; row < imageIds.length; row++) {
      Random random = new Random(draws * 31 + imageIds[row]);
      for (int i = row * imageFloats; i < (row + 1) * imageFloats; i++) {
        values[i] += (float) (epsilon * (2 * random.nextDouble() - 1));
      }
    }
    return pixels.getManager().create(values, shape).clip(0, 1);
  }

  @Override
  public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
    NDArray z = start;
    for (int i = 0; i < steps; i++) {
      try (TensorScope scope = TensorScope.of(pixels);
          GradMode on = GradMode.enableGrad()) {
        NDArray variable = Autograd.leaf(scope.view(z));
        NDArray loss = objective.losses(objective.forward(variable)).sum();
        NDArray gradient = Autograd.gradient(loss, variable);
        try (GradMode off = GradMode.noGrad()) {
          NDArray moved = z.add(gradient.sign().mul(epsilon / 2));
          NDArray inBall = moved.minimum(pixels.add(epsilon)).maximum(pixels.sub(epsilon));
          z = scope.keep(inBall.clip(0, 1), pixels.getManager());
        }
      }
    }
    NDArray none =
        pixels
            .getManager()
            .zeros(new Shape(pixels.getShape().get(0)), DataType.BOOLEAN, pixels.getDevice());
    return new AttackResult(z, z, none.toType(DataType.FLOAT32, true), none);
  }
}
