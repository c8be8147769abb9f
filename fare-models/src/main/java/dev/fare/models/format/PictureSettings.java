package dev.fare.models.format;

import dev.fare.io.ModelFormatException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a model's files want pictures to become pixels, against what is done here: the shorter side
 * resized bicubically to the image size, the middle cut out, values divided by 255.
 *
 * <p>A model that was trained on other pictures still embeds pixels; that its pictures would be
 * prepared in another way is said once, when it is read.
 */
public final class PictureSettings {

  private static final Logger log = LoggerFactory.getLogger(PictureSettings.class);
  private static final int BICUBIC = 3;

  private final ConfigSection section;
  private final List<String> deviations = new ArrayList<>();

  private PictureSettings(ConfigSection section) {
    this.section = section;
  }

  /** Looks through a {@code preprocessor_config.json}. */
  public static void checkHuggingFace(ConfigSection section, int imageSize)
      throws ModelFormatException {
    PictureSettings settings = new PictureSettings(section);
    for (String step : List.of("do_resize", "do_center_crop", "do_rescale")) {
      settings.expect(step, section.flag(step, true));
    }
    settings.expect("resample", section.number("resample", BICUBIC) == BICUBIC);
    double factor = section.number("rescale_factor", 1 / 255.0);
    settings.expect("rescale_factor", Math.abs(factor * 255 - 1) < 1e-6);
    settings.expectSides("size", imageSize, "shortest_edge");
    settings.expectSides("crop_size", imageSize, "height", "width");
    settings.report(imageSize);
  }

  /** Looks through open_clip's {@code preprocess_cfg}. */
  public static void checkOpenClip(ConfigSection section, int imageSize)
      throws ModelFormatException {
    PictureSettings settings = new PictureSettings(section);
    settings.expectText("interpolation", "bicubic");
    settings.expectText("resize_mode", "shortest");
    settings.expectText("mode", "RGB");
    settings.report(imageSize);
  }

  private void expect(String key, boolean isAsHere) {
    if (!isAsHere) {
      deviations.add(key + " " + section.values().get(key));
    }
  }

  private void expectText(String key, String value) throws ModelFormatException {
    expect(key, section.string(key).orElse(value).equals(value));
  }

  /** One number, or an object with just these sides. */
  private void expectSides(String key, int imageSize, String... sides) throws ModelFormatException {
    if (!section.has(key)) {
      return;
    }
    if (!section.isObject(key)) {
      expect(key, section.number(key) == imageSize);
      return;
    }
    Optional<ConfigSection> size = section.section(key);
    boolean isAsHere = true;
    for (String side : sides) {
      isAsHere &= size.isPresent() && size.get().number(side, -1) == imageSize;
    }
    expect(key, isAsHere);
  }

  private void report(int imageSize) {
    if (!deviations.isEmpty()) {
      log.warn(
          "{} wants pictures prepared in another way than here, by {}: pictures are resized"
              + " bicubically on the shorter side and cropped to {} pixels. Prepare them yourself"
              + " and embed pixels where that matters",
          section.origin(),
          deviations,
          imageSize);
    }
  }
}
