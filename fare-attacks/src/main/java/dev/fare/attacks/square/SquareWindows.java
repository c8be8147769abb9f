package dev.fare.attacks.square;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Ball;
import dev.fare.Norm;
import java.util.Arrays;

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
    long[][] places = new long[4][count];
    float[] pyramids = new float[count * channels * side * side];
    for (int row = 0; row < count; row++) {
      for (int i = 0; i < 4; i++) {
        int bound = (i % 2 == 0 ? height : width) - side;
        places[i][row] = SquareSearch.place(source.next(rows[row], 1)[0], bound);
      }
      boolean isTurned = source.next(rows[row], 1)[0] > 0.5;
      float[] signs = source.next(rows[row], channels);
      fill(pyramids, row, SquarePyramid.twin(side, norm(), isTurned), signs);
    }
    NDArray perturbation = images.sub(ball.center());
    NDArray into = windowIndex(places[0], places[1]); // [N,1,s*s]
    NDArray inWindow = mask(places[0], places[1]); // [N,1,H*W]
    NDArray inOther = mask(places[2], places[3]);
    NDArray flat = perturbation.reshape(count, channels, (long) height * width);
    NDArray window = flat.gather(into.broadcast(count, channels, (long) side * side), 2);
    NDArray added = manager.create(pyramids, new Shape(count, channels, (long) side * side));
    NDArray joined = added.add(window.div(length(window).add(1e-12)));
    NDArray scaled = joined.div(length(joined).add(1e-12)).mul(budget(flat, inWindow, inOther));
    NDArray spread = spread(scaled, places[0], places[1]);
    NDArray emptied = flat.mul(inOther.neg().add(1)).mul(inWindow.neg().add(1));
    NDArray next = emptied.add(spread.mul(inWindow)).reshape(images.getShape());
    return fit(ball, ball.center(), next);
  }

  private Norm norm() {
    return ball.threatModel().norm();
  }

  /** How long each channel's new window may be, {@code [N,C,1]}. */
  private NDArray budget(NDArray flat, NDArray inWindow, NDArray inOther) {
    NDArray both = flat.mul(inWindow.maximum(inOther));
    NDArray moved = length(both); // [N,C,1]
    double epsilon = ball.threatModel().epsilon();
    long count = rows.length;
    if (norm() == Norm.L2) {
      NDArray used = flat.square().reshape(count, -1).sum(new int[] {1}).reshape(count, 1, 1);
      NDArray free = used.neg().add(epsilon * epsilon).maximum(0).div(channels);
      return moved.square().add(free).sqrt();
    }
    NDArray used = flat.abs().reshape(count, -1).sum(new int[] {1}).reshape(count, 1, 1);
    NDArray free = used.neg().add(epsilon).maximum(0).div(channels);
    return moved.add(free).mul(channels);
  }

  /** The length of each channel, {@code [N,C,1]}. */
  private NDArray length(NDArray window) {
    int[] pixels = {2};
    return norm() == Norm.L2
        ? window.square().sum(pixels, true).sqrt()
        : window.abs().sum(pixels, true);
  }

  /** Where a window's pixels are in the flat image, {@code [N,1,s*s]} int64. */
  private NDArray windowIndex(long[] top, long[] left) {
    long[] index = new long[top.length * side * side];
    int at = 0;
    for (int row = 0; row < top.length; row++) {
      for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
          index[at++] = (top[row] + y) * width + left[row] + x;
        }
      }
    }
    return manager.create(index, new Shape(top.length, 1, (long) side * side));
  }

  private NDArray mask(long[] top, long[] left) {
    float[] mask = new float[top.length * height * width];
    for (int row = 0; row < top.length; row++) {
      for (int y = 0; y < side; y++) {
        int first = (int) ((row * (long) height + top[row] + y) * width + left[row]);
        Arrays.fill(mask, first, first + side, 1f);
      }
    }
    return manager.create(mask, new Shape(top.length, 1, (long) height * width));
  }

  /** A window's values at its place in the image; anything outside it. */
  private NDArray spread(NDArray window, long[] top, long[] left) {
    long[] index = new long[top.length * height * width];
    int at = 0;
    for (int row = 0; row < top.length; row++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          long inY = Math.min(Math.max(y - top[row], 0), side - 1);
          long inX = Math.min(Math.max(x - left[row], 0), side - 1);
          index[at++] = inY * side + inX;
        }
      }
    }
    long pixels = (long) height * width;
    NDArray from = manager.create(index, new Shape(top.length, 1, pixels));
    return window.gather(from.broadcast(top.length, channels, pixels), 2);
  }

  private static void fill(float[] into, int row, float[] pyramid, float[] draws) {
    for (int channel = 0; channel < draws.length; channel++) {
      float sign = SquareSearch.sign(draws[channel]);
      int first = (row * draws.length + channel) * pyramid.length;
      for (int i = 0; i < pyramid.length; i++) {
        into[first + i] = sign * pyramid[i];
      }
    }
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
    return manager.create(all, shape);
  }

  /** An allowed image: l2 at the ball's rim and then cut to [0,1], l1 the nearest inside. */
  static NDArray fit(Ball ball, NDArray clean, NDArray perturbation) {
    double epsilon = ball.threatModel().epsilon();
    if (ball.threatModel().norm() == Norm.L2) {
      NDArray size = ball.threatModel().size(perturbation).add(1e-12);
      NDArray unit = perturbation.div(size.reshape(clean.getShape().get(0), 1, 1, 1));
      return clean.add(unit.mul(epsilon)).clip(0, 1);
    }
    return ball.threatModel()
        .withEpsilon(epsilon * L1_MARGIN)
        .around(clean)
        .projectChange(perturbation);
  }
}
