package dev.fare.evaluation.audit;

import dev.fare.ImageEncoder;
import dev.fare.models.ResizingEncoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** The encoders of an audit, each with a resize before it where it takes another size. */
final class Encoders implements AutoCloseable {

  private final Map<String, ImageEncoder> encoders = new LinkedHashMap<>();
  private final List<ResizingEncoder> resizing = new ArrayList<>();

  private Encoders() {}

  /**
   * Encoders of images of one size.
   *
   * @param side of the images
   */
  static Encoders of(LoadedModels models, int side) {
    Encoders encoders = new Encoders();
    models
        .models()
        .forEach(
            (name, clip) -> encoders.encoders.put(name, encoders.at(side, clip.imageEncoder())));
    return encoders;
  }

  private ImageEncoder at(int side, ImageEncoder encoder) {
    if (encoder.imageSize() == side) {
      return encoder;
    }
    ResizingEncoder inside = new ResizingEncoder(encoder, side);
    resizing.add(inside);
    return inside;
  }

  ImageEncoder first() {
    return encoders.values().iterator().next();
  }

  ImageEncoder get(String name) {
    ImageEncoder encoder = encoders.get(name);
    if (encoder == null) {
      throw new IllegalArgumentException("there is no encoder " + name);
    }
    return encoder;
  }

  void forEach(BiConsumer<String, ImageEncoder> action) {
    encoders.forEach(action);
  }

  @Override
  public void close() {
    resizing.forEach(ResizingEncoder::close);
  }
}
