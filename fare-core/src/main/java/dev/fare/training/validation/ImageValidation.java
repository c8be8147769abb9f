package dev.fare.training.validation;

import ai.djl.ndarray.types.Shape;
import com.google.common.collect.Lists;
import dev.fare.Attack;
import dev.fare.ImageEncoder;
import dev.fare.data.ImageDataset;
import dev.fare.data.ParallelImageReader;
import dev.fare.data.UnreadableImages;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.training.checkpoint.SettingText;
import dev.fare.training.validation.ValidationMetric.Images;
import dev.fare.training.validation.ValidationMetric.Sums;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** The mean of a score over a data set, clean and under an attack; the same draws every time. */
final class ImageValidation implements Validation {

  /** Images that are read together, at least. */
  private static final int BLOCK = 32;

  private final ImageDataset images;
  private final Attack attack;
  private final ValidationMetric score;
  private final ValidationLimits limits;
  private final UnreadableImages unreadable;

  ImageValidation(ImageDataset images, Attack attack, ValidationMetric score) {
    this(
        images,
        attack,
        score,
        ValidationLimits.DEFAULT,
        unreadable(images, ValidationLimits.DEFAULT));
  }

  private ImageValidation(
      ImageDataset images,
      Attack attack,
      ValidationMetric score,
      ValidationLimits limits,
      UnreadableImages unreadable) {
    if (images.size() == 0) {
      throw new IllegalArgumentException(
          "a validation needs images, and there are none: " + images.description());
    }
    this.images = images;
    this.attack = attack;
    this.score = score;
    this.limits = limits;
    this.unreadable = unreadable;
  }

  private static UnreadableImages unreadable(ImageDataset images, ValidationLimits limits) {
    return new UnreadableImages(images, limits.unreadableFraction());
  }

  /** Remembers what could not be read, unless more or less of it may be. */
  @Override
  public ImageValidation within(ValidationLimits other) {
    boolean sameFraction = other.unreadableFraction() == limits.unreadableFraction();
    return new ImageValidation(
        images, attack, score, other, sameFraction ? unreadable : unreadable(images, other));
  }

  @Override
  public int unreadableImages() {
    return unreadable.count();
  }

  @Override
  public Map<String, Double> measure(ImageEncoder encoder, ImageEncoder original) {
    // read by many threads even where few images fit into memory with their activations
    int block = limits.batchSize() * Math.max(1, BLOCK / limits.batchSize());
    Sums sums = new Sums(0, 0);
    int counted = 0;
    for (int from = 0; from < images.size(); from += block) {
      List<Integer> chosen = new ArrayList<>();
      FloatBuffer pixels =
          read(from, Math.min(from + block, images.size()), encoder.imageSize(), chosen);
      for (List<Integer> part : Lists.partition(chosen, limits.batchSize())) {
        sums = sums.plus(score(encoder, original, part, pixels));
        counted += part.size();
      }
    }
    Map<String, Double> values = new LinkedHashMap<>();
    values.put(score.cleanName(), sums.clean() / counted);
    values.put(score.attackedName(), sums.attacked() / counted);
    return values;
  }

  /** Reads the images of a range, those that can be read one behind the other. */
  private FloatBuffer read(int from, int to, int imageSize, List<Integer> readable) {
    List<Integer> chosen = IntStream.range(from, to).boxed().toList();
    Set<Integer> missing = new HashSet<>();
    FloatBuffer pixels;
    try {
      pixels =
          new ParallelImageReader(images, imageSize, limits.loaderThreads())
              .read(
                  chosen,
                  (position, reason) -> {
                    unreadable.add(from + position, reason);
                    missing.add(from + position);
                  });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    int floats = 3 * imageSize * imageSize;
    for (int image = from; image < to; image++) {
      if (!missing.contains(image)) {
        pixels.put(readable.size() * floats, pixels, (image - from) * floats, floats);
        readable.add(image);
      }
    }
    return pixels;
  }

  /** Scores images whose pixels are next in the buffer. */
  private Sums score(
      ImageEncoder encoder, ImageEncoder original, List<Integer> part, FloatBuffer pixels) {
    Shape shape = new Shape(part.size(), 3, encoder.imageSize(), encoder.imageSize());
    FloatBuffer own = pixels.slice().limit((int) shape.size());
    pixels.position(pixels.position() + own.limit());
    try (TensorScope scope = TensorScope.on(encoder.device());
        GradMode off = GradMode.noGrad()) {
      Images batch =
          new Images(
              scope.manager().create(own, shape),
              part.stream().mapToLong(Integer::longValue).toArray(),
              part.stream().mapToLong(image -> images.label(image).orElse(0)).toArray());
      return score.of(encoder, original, batch, attack);
    }
  }

  /** What is measured, in a run's settings; who reads the images is no part of it. */
  @Override
  public String toString() {
    return score.cleanName()
        + " and "
        + score.attackedName()
        + " on "
        + images.identity()
        + " under "
        + SettingText.of(attack);
  }
}
