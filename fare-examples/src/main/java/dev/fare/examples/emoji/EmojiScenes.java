package dev.fare.examples.emoji;

import com.google.common.collect.ImmutableList;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Renders artwork into small pictures: turned, scaled and placed on a background. Pictures are
 * float32 RGB in [0,1], plane by plane, [3, canvas, canvas].
 *
 * <p>A scene depends only on its pair, {@link SceneStream} and index, never on the batch or thread
 * that renders it. Immutable, so instances can be shared by threads.
 */
public final class EmojiScenes {
  /** The default width and height of a picture in pixels. */
  public static final int DEFAULT_CANVAS = 48;

  private static final ImmutableList<BackgroundKind> TRAINING =
      BackgroundKind.of(SceneFamily.TRAINING);
  private static final ImmutableList<BackgroundKind> TEST = BackgroundKind.of(SceneFamily.TEST);

  private final EmojiPack pack;
  private final int canvas;

  private EmojiScenes(EmojiPack pack, int canvas) {
    this.pack = pack;
    this.canvas = canvas;
  }

  /**
   * Scenes of {@code canvas}×{@code canvas} pixels.
   *
   * @throws IllegalArgumentException if {@code canvas} is not in [8, 1024]
   */
  public static EmojiScenes of(EmojiPack pack, int canvas) {
    if (canvas < 8 || canvas > 1024) {
      throw new IllegalArgumentException("canvas must be in [8, 1024] pixels, got " + canvas);
    }
    return new EmojiScenes(pack, canvas);
  }

  /** Width and height of a picture in pixels. */
  public int canvas() {
    return canvas;
  }

  /** Values in one picture: 3 · canvas · canvas. */
  public int valuesPerImage() {
    return 3 * canvas * canvas;
  }

  /** Renders scene {@code index} of the stream: [3, canvas, canvas]. */
  public float[] render(EmojiPair pair, SceneStream stream, long index) {
    float[] image = new float[valuesPerImage()];
    render(pair, stream, index, image, 0);
    return image;
  }

  /** The scenes {@code firstIndex}, {@code firstIndex + 1}, … of the stream, one a pair. */
  public EmojiBatch batch(List<EmojiPair> pairs, SceneStream stream, long firstIndex) {
    float[] images = new float[Math.multiplyExact(pairs.size(), valuesPerImage())];
    renderBatch(pairs, stream, firstIndex, images);
    return new EmojiBatch(images, pairs.stream().mapToInt(EmojiPair::concept).toArray());
  }

  /**
   * Renders the scenes {@code firstIndex}, {@code firstIndex + 1}, … of the stream, one a pair,
   * into {@code out}: [pairs, 3, canvas, canvas].
   *
   * @throws IllegalArgumentException if {@code out} is too small
   */
  public void renderBatch(List<EmojiPair> pairs, SceneStream stream, long firstIndex, float[] out) {
    requireRoom(pairs.size(), out.length);
    for (int i = 0; i < pairs.size(); i++) {
      render(pairs.get(i), stream, firstIndex + i, out, i * valuesPerImage());
    }
  }

  /** The same into a buffer, which may be direct; writing starts at its position and moves it. */
  public void renderBatch(
      List<EmojiPair> pairs, SceneStream stream, long firstIndex, FloatBuffer out) {
    requireRoom(pairs.size(), out.remaining());
    for (int i = 0; i < pairs.size(); i++) {
      out.put(render(pairs.get(i), stream, firstIndex + i));
    }
  }

  private void requireRoom(int images, int available) {
    if (available < (long) images * valuesPerImage()) {
      throw new IllegalArgumentException(
          "out must hold %d images of %d values, got room for %d values"
              .formatted(images, valuesPerImage(), available));
    }
  }

  private void render(EmojiPair pair, SceneStream stream, long index, float[] out, int offset) {
    SceneRandom random = stream.random(index);
    boolean training = stream.family() == SceneFamily.TRAINING;
    ImmutableList<BackgroundKind> kinds = training ? TRAINING : TEST;
    Background background = kinds.get(random.nextInt(kinds.size())).create(random);
    double strength = stream.strength();
    Placement placement =
        training ? Placement.augmented(random, strength) : Placement.natural(random);
    ColourJitter jitter = training ? ColourJitter.random(random, strength) : ColourJitter.NONE;
    Shadow shadow = Shadow.random(random);
    compose(pack.artwork(pair), background, placement, jitter, shadow, out, offset);
    if (training) {
      CanvasEffects.apply(random, strength, out, offset, canvas);
    }
  }

  /** A hard shadow: the artwork's outline, moved in artwork pixels. */
  private record Shadow(float x, float y, float darkness) {
    static Shadow random(SceneRandom random) {
      float darkness = random.chance(0.3) ? random.between(0.15, 0.45) : 0;
      return new Shadow(random.between(-3, 3), random.between(1, 4), darkness);
    }
  }

  private void compose(
      Artwork artwork,
      Background background,
      Placement placement,
      ColourJitter jitter,
      Shadow shadow,
      float[] out,
      int offset) {
    int plane = canvas * canvas;
    int samples = placement.samplesPerSide(canvas);
    float[] rgb = new float[3];
    float[] rgba = new float[4];
    for (int y = 0; y < canvas; y++) {
      for (int x = 0; x < canvas; x++) {
        float centreX = (x + 0.5f) / canvas;
        float centreY = (y + 0.5f) / canvas;
        float u = placement.ux() * centreX + placement.uy() * centreY + placement.u0();
        float v = placement.vx() * centreX + placement.vy() * centreY + placement.v0();
        background.colour(centreX, centreY, rgb);
        float light = 1;
        if (shadow.darkness() > 0) {
          clear(rgba);
          artwork.addSample(u * Artwork.SIZE - shadow.x(), v * Artwork.SIZE - shadow.y(), 1, rgba);
          light -= shadow.darkness() * rgba[3];
        }
        sample(artwork, placement, u, v, samples, rgba);
        if (rgba[3] > 0 && jitter != ColourJitter.NONE) {
          jitter.apply(rgba, u, v);
        }
        int at = offset + y * canvas + x;
        float through = light * (1 - rgba[3]);
        for (int channel = 0; channel < 3; channel++) {
          float value = rgba[channel] + through * rgb[channel];
          out[at + channel * plane] = Math.max(0, Math.min(1, value));
        }
      }
    }
  }

  /** The mean of {@code samples}² bilinear samples over the canvas pixel centred on (u, v). */
  private void sample(
      Artwork artwork, Placement placement, float u, float v, int samples, float[] rgba) {
    clear(rgba);
    float step = (float) Artwork.SIZE / (canvas * samples);
    float weight = 1f / (samples * samples);
    for (int row = 0; row < samples; row++) {
      float dy = (row - 0.5f * (samples - 1)) * step;
      for (int column = 0; column < samples; column++) {
        float dx = (column - 0.5f * (samples - 1)) * step;
        artwork.addSample(
            u * Artwork.SIZE + placement.ux() * dx + placement.uy() * dy,
            v * Artwork.SIZE + placement.vx() * dx + placement.vy() * dy,
            weight,
            rgba);
      }
    }
  }

  private static void clear(float[] rgba) {
    Arrays.fill(rgba, 0);
  }
}
