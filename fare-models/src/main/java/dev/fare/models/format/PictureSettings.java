package dev.fare.models.format;

import dev.fare.image.ClipPreprocessing;
import dev.fare.image.Interpolation;
import dev.fare.image.ResizeMode;
import dev.fare.image.ResizeMode.CropRounding;
import dev.fare.io.ModelFormatException;
import java.util.Optional;
import java.util.Set;

/**
 * How a model's files want pictures to become pixels, where that is not CLIP's own way: the shorter
 * side resized bicubically to the image size, the middle cut out, values divided by 255. What can't
 * be followed exactly is refused.
 */
public final class PictureSettings {

  private PictureSettings() {}

  /**
   * The settings of a {@code preprocessor_config.json}.
   *
   * @return empty where they are CLIP's own
   */
  public static Optional<ClipPreprocessing> ofHuggingFace(
      ConfigSection section, int imageSize)
      throws ModelFormatException {
    need(section, "do_resize", section.flag("do_resize", true), "true");
    need(section, "do_rescale", section.flag("do_rescale", true), "true");
    double factor = section.number("rescale_factor", 1 / 255.0);
    need(section, "rescale_factor", Math.abs(factor * 255 - 1) < 1e-6, "1/255");
    boolean isSquash =
        section.isObject("size") && !section.section("size").orElseThrow().has("shortest_edge");
    checkSides(section, "size", imageSize);
    if (!isSquash) {
      need(section, "do_center_crop", section.flag("do_center_crop", true), "true");
    }
    if (section.flag("do_center_crop", !isSquash)) {
      checkSides(section, "crop_size", imageSize);
    }
    Interpolation interpolation =
        switch ((int) section.number("resample", 3)) {
          case 0 -> Interpolation.NEAREST;
          case 2 -> Interpolation.BILINEAR;
          case 3 -> Interpolation.BICUBIC;
          default ->
              throw section.wrong(
                  "resample", "0, 2 or 3 to be followed", section.number("resample"));
        };
    return other(
        isSquash ? new ResizeMode.Squash() : new ResizeMode.ShortestSide(CropRounding.FLOOR),
        interpolation,
        true,
        imageSize);
  }

  /**
   * The settings of open_clip's {@code preprocess_cfg}.
   *
   * @return empty where they are CLIP's own
   */
  public static Optional<ClipPreprocessing> ofOpenClip(
      ConfigSection section, int imageSize)
      throws ModelFormatException {
    String colours = section.string("mode").orElse("RGB");
    need(section, "mode", colours.equals("RGB"), "RGB");
    String interpolation = section.string("interpolation").orElse("bicubic");
    need(
        section,
        "interpolation",
        Set.of("bicubic", "bilinear").contains(interpolation),
        "bicubic or bilinear");
    String mode = section.string("resize_mode").orElse("shortest");
    need(section, "resize_mode", Set.of("shortest", "squash").contains(mode), "shortest or squash");
    return other(
        mode.equals("squash")
            ? new ResizeMode.Squash()
            : new ResizeMode.ShortestSide(CropRounding.HALF_TO_EVEN),
        interpolation.equals("bilinear") ? Interpolation.BILINEAR : Interpolation.BICUBIC,
        false,
        imageSize);
  }

  private static Optional<ClipPreprocessing> other(
      ResizeMode mode,
      Interpolation interpolation,
      boolean convertsToRgbFirst,
      int imageSize) {
    if (mode instanceof ResizeMode.ShortestSide && interpolation == Interpolation.BICUBIC) {
      return Optional.empty();
    }
    return Optional.of(
        new ClipPreprocessing(imageSize, mode, interpolation, convertsToRgbFirst));
  }

  private static void need(ConfigSection section, String key, boolean isFollowed, String allowed)
      throws ModelFormatException {
    if (!isFollowed) {
      throw section.wrong(key, allowed + " to be followed here", section.values().get(key));
    }
  }

  /** One number, or an object whose sides are all the image's. */
  private static void checkSides(ConfigSection section, String key, int imageSize)
      throws ModelFormatException {
    if (!section.has(key)) {
      return;
    }
    boolean isSquare;
    if (section.isObject(key)) {
      ConfigSection sides = section.section(key).orElseThrow();
      isSquare =
          sides.number("shortest_edge", -1) == imageSize
              || (sides.number("height", -1) == imageSize
                  && sides.number("width", -1) == imageSize);
    } else {
      isSquare = section.number(key) == imageSize;
    }
    need(section, key, isSquare, "the image size of " + imageSize);
  }
}
