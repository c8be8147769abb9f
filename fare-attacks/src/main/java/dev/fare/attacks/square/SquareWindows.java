package dev.fare.attacks.square;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.primitives.Floats;
import dev.fare.Ball;
import dev.fare.Norm;
import dev.fare.torch.Autograd;
import dev.fare.torch.Host;

/**
 * The Square attack's proposals for l2 and l1: the mass of one window of the perturbation moves to
 * another, where a pyramid of random sign joins what is there.
 */
public final class SquareWindows {

  /** The original keeps l1 a millionth inside the ball. */
  private static final double L1_MARGIN = 1 - 1e-6;

  private final int side;
  private final SquareSource source;
  private final int[] rows;
  private final Ball ball;
  private final NDArray images;
  private final NDManager manager;
  private final int channels;
  private final int height;
  private final int width;

  /**
   * Prepares a proposal.
   *
   * @param side of the windows
   * @param rows where each image's random numbers come from
   * @param images the best so far {@code [N,C,H,W]}
   */
  SquareWindows(int side, SquareSource source, int[] rows, Ball ball, NDArray images) {
    this.side = side;
    this.source = source;
    this.rows = rows;
    this.ball = ball;
    this.images = images;
    manager = images.getManager();
    channels = (int) images.getShape().get(1);
    height = (int) images.getShape().get(2);
    width = (int) images.getShape().get(3);
  }

  NDArray propose() {
    int count = rows.length;
    Norm norm = ball.threatModel().norm();
    float[] upright = SquarePyramid.twin(side, norm, false);
    float[] turned = SquarePyramid.twin(side, norm, true);
    float[] draws = new float[count * (5 + channels)];
    int at = 0;
    for (int row : rows) {
      for (int i = 0; i < 4; i++) {
        int bound = (i % 2 == 0 ? height : width) - side;
        draws[at++] = SquareSearch.place(source.next(row, 1)[0], bound);
      }
      draws[at++] = source.next(row, 1)[0] > 0.5 ? 1 : 0;
      for (float draw : source.next(row, channels)) {
        draws[at++] = SquareSearch.sign(draw);
      }
    }
    float[] brought = Floats.concat(upright, turned, draws);
    double[] numbers = {side, ball.threatModel().epsilon(), norm == Norm.L2 ? 1 : 0};
    NDArray next =
        SquareSearch.Script.MODULE.call(
            "move",
            numbers,
            images,
            ball.center(),
            Host.bring(manager, brought, new Shape(brought.length)));
    return fit(ball, ball.center(), next);
  }

  /**
   * The first perturbation: pyramids of random sign all over the image.
   *
   * @return {@code [N,C,H,W]}, of any length
   */
  public static NDArray start(
      SquareSource source, int[] rows, Norm norm, NDArray clean, NDManager manager) {
    Shape shape = clean.getShape();
    int channels = (int) shape.get(1);
    int height = (int) shape.get(2);
    int width = (int) shape.get(3);
    int tile = Math.max(height / 5, 1);
    int margin = Math.max((height - tile * 5) / 2, 0);
    float[] all = new float[Math.toIntExact(shape.size())];
    for (int row = 0; row < rows.length; row++) {
      for (int at = 0; at < (height / tile) * (width / tile); at++) {
        int top = margin + at / (width / tile) * tile;
        int left = margin + at % (width / tile) * tile;
        boolean isTurned = source.next(rows[row], 1)[0] > 0.5;
        float[] draws = source.next(rows[row], channels);
        // the margin can push the last tiles out of the image; the original draws for them as well
        if (top + tile <= height && left + tile <= width) {
          float[] pyramid = SquarePyramid.twin(tile, norm, isTurned);
          for (int i = 0; i < channels * tile * tile; i++) {
            int channel = i / (tile * tile);
            int y = top + i / tile % tile;
            int x = left + i % tile;
            all[((row * channels + channel) * height + y) * width + x] =
                SquareSearch.sign(draws[channel]) * pyramid[i % (tile * tile)];
          }
        }
      }
    }
    return Host.bring(manager, all, shape);
  }

  /** An allowed image: l2 at the ball's rim and then cut to [0,1], l1 the nearest inside. */
  static NDArray fit(Ball ball, NDArray clean, NDArray perturbation) {
    double epsilon = ball.threatModel().epsilon();
    if (ball.threatModel().norm() == Norm.L2) {
      NDArray atRim = ball.threatModel().atLength(perturbation, 1e-12, epsilon);
      return Autograd.clip(clean.add(atRim), 0, 1);
    }
    return ball.threatModel()
        .withEpsilon(epsilon * L1_MARGIN)
        .around(clean)
        .projectChange(perturbation);
  }
}
