package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.AttackCost;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.Norm;
import dev.fare.SelectableObjective;
import dev.fare.ThreatModel;
import dev.fare.attacks.FabAttack.MinimumNorm;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * The same attack at many radii.
 *
 * <p>An image that an attack has won at a small radius is won at every larger one, since what was
 * found lies in the larger ball too; so a larger radius costs only what the smaller ones left.
 */
public final class EpsilonSweep {

  /**
   * Which images fall at which radius.
   *
   * @param epsilons ascending
   * @param succeeded {@code [epsilons][images]}
   * @param cost of all attacks
   */
  public record Matrix(double[] epsilons, boolean[][] succeeded, AttackCost cost) {

    /** The share of images that have not fallen, at each radius. */
    public double[] robustShares() {
      return Arrays.stream(succeeded).mapToDouble(Matrix::robustShare).toArray();
    }

    private static double robustShare(boolean[] row) {
      int robust = 0;
      for (boolean success : row) {
        robust += success ? 0 : 1;
      }
      return (double) robust / row.length;
    }
  }

  /**
   * The smallest radius at which each image was seen to fall.
   *
   * @param epsilons one for each image; 0 where the clean image has fallen, infinite where none was
   *     found up to the largest radius
   * @param cost of all attacks
   */
  public record Smallest(double[] epsilons, AttackCost cost) {}

  private final Norm norm;
  private final Function<ThreatModel, ? extends Attack> attacks;
  private AttackCost cost = AttackCost.NONE;

  private EpsilonSweep(Norm norm, Function<ThreatModel, ? extends Attack> attacks) {
    this.norm = norm;
    this.attacks = attacks;
  }

  /**
   * Runs an attack at each radius.
   *
   * @param attacks makes the attack for a threat model
   * @param epsilons in pixel space, in any order
   * @param objective says what success is
   * @param pixels {@code [N,C,H,W]} float32 in [0,1]
   */
  public static Matrix run(
      Norm norm,
      Function<ThreatModel, ? extends Attack> attacks,
      double[] epsilons,
      SelectableObjective objective,
      NDArray pixels) {
    double[] ascending = sorted(epsilons);
    int images = Math.toIntExact(pixels.getShape().get(0));
    EpsilonSweep sweep = new EpsilonSweep(norm, attacks);
    boolean[] fallen = new boolean[images];
    boolean[][] matrix = new boolean[ascending.length][];
    for (int i = 0; i < ascending.length; i++) {
      long[] standing = LongStream.range(0, images).filter(row -> !fallen[(int) row]).toArray();
      boolean[] won = sweep.attack(ascending[i], standing, objective, pixels);
      for (int j = 0; j < standing.length; j++) {
        fallen[(int) standing[j]] = won[j];
      }
      matrix[i] = fallen.clone();
    }
    return new Matrix(ascending, matrix, sweep.cost);
  }

  /**
   * The same with a minimum-norm attack, which runs once for all radii.
   *
   * @param attack its own radius plays no role except for random restarts
   */
  public static Matrix run(
      FabAttack attack, double[] epsilons, ClassificationObjective objective, NDArray pixels) {
    double[] ascending = sorted(epsilons);
    try (MinimumNorm nearest = attack.minimumNorm(objective, pixels)) {
      float[] distances = Host.floats(nearest.distances());
      boolean[][] matrix = new boolean[ascending.length][distances.length];
      for (int i = 0; i < ascending.length; i++) {
        for (int j = 0; j < distances.length; j++) {
          matrix[i][j] = distances[j] <= ascending[i];
        }
      }
      return new Matrix(ascending, matrix, nearest.cost());
    }
  }

  /**
   * Finds each image's smallest radius by bisection: every round halves the interval between the
   * largest radius at which the attack failed and the smallest at which it won.
   *
   * @param largest the radius at which images that stand are given up
   * @param rounds after the first attack at {@code largest}, so that the answer is exact to {@code
   *     largest / 2^rounds}
   */
  public static Smallest bisect(
      Norm norm,
      Function<ThreatModel, ? extends Attack> attacks,
      double largest,
      int rounds,
      SelectableObjective objective,
      NDArray pixels) {
    EpsilonSweep sweep = new EpsilonSweep(norm, attacks);
    int images = Math.toIntExact(pixels.getShape().get(0));
    double[] failed = new double[images];
    double[] won = new double[images];
    Arrays.fill(won, Double.POSITIVE_INFINITY);
    boolean[] clean = sweep.fallenClean(objective, pixels);
    for (int round = 0; round <= rounds; round++) {
      for (Map.Entry<Double, long[]> group : groups(failed, won, clean, largest).entrySet()) {
        long[] rows = group.getValue();
        boolean[] success = sweep.attack(group.getKey(), rows, objective, pixels);
        for (int i = 0; i < rows.length; i++) {
          double[] end = success[i] ? won : failed;
          end[(int) rows[i]] = group.getKey();
        }
      }
    }
    for (int i = 0; i < images; i++) {
      won[i] = clean[i] ? 0 : won[i];
    }
    return new Smallest(won, sweep.cost);
  }

  /** The images by the radius to try next; those that stand at the largest are given up. */
  private static Map<Double, long[]> groups(
      double[] failed, double[] won, boolean[] clean, double largest) {
    Map<Double, long[]> groups = new TreeMap<>();
    for (int i = 0; i < failed.length; i++) {
      if (clean[i] || failed[i] == largest) {
        continue;
      }
      double next = Double.isInfinite(won[i]) ? largest : (failed[i] + won[i]) / 2;
      long[] row = {i};
      groups.merge(
          next, row, (a, b) -> LongStream.concat(LongStream.of(a), LongStream.of(b)).toArray());
    }
    return groups;
  }

  private boolean[] fallenClean(SelectableObjective objective, NDArray pixels) {
    try (GradMode off = GradMode.noGrad();
        TensorScope scope = TensorScope.of(pixels)) {
      cost = cost.plus(new AttackCost(pixels.getShape().get(0), 0, 0, 0));
      return Host.booleans(objective.succeeded(objective.forward(scope.view(pixels))));
    }
  }

  private boolean[] attack(
      double epsilon, long[] rows, SelectableObjective objective, NDArray pixels) {
    if (rows.length == 0) {
      return new boolean[0];
    }
    try (GradMode off = GradMode.noGrad();
        TensorScope scope = TensorScope.of(pixels)) {
      NDArray indices = Host.bring(scope.manager(), rows);
      Attack attack = attacks.apply(new ThreatModel(norm, epsilon));
      AttackOptions options = AttackOptions.none().withImageIds(rows);
      // an objective checks that it is about as many images as it is given
      boolean isWhole = rows.length == pixels.getShape().get(0);
      SelectableObjective some = isWhole ? objective : objective.select(indices);
      AttackResult result = attack.perturb(some, Rows.take(pixels, indices), options);
      boolean[] succeeded = Host.booleans(result.succeeded());
      cost = cost.plus(result.cost());
      return succeeded;
    }
  }

  private static double[] sorted(double[] epsilons) {
    if (epsilons.length == 0) {
      throw new IllegalArgumentException("there must be at least one epsilon, got none");
    }
    return Arrays.stream(epsilons).distinct().sorted().toArray();
  }
}
