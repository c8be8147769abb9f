package dev.fare.examples.docs;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Precision;
import dev.fare.image.PixelImage;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.models.export.Conversion;
import dev.fare.models.export.ModelConverter;
import dev.fare.models.export.ModelFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** docs/models.md's Java; {@link DocsTest} compares and runs it. */
final class ModelsSnippets {

  private ModelsSnippets() {}

  static void settings() throws IOException {
    RobustClipEncoder encoder =
        RobustClipEncoder.builder(Path.of("fare-quickstart/robust"))
            .imageSize(96) // the position table is interpolated
            .precision(Precision.AUTO) // bfloat16 where that is faster
            .load();
    System.out.println(encoder.precision());
    encoder.close();
  }

  static void tokens() throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("fare-quickstart/robust"));
        NDManager manager = NDManager.newBaseManager()) {
      Image photo = ImageFactory.getInstance().fromFile(Path.of("photo.jpg"));
      NDArray pixels = encoder.preprocessing().toPixels(manager, List.of(PixelImage.of(photo)));
      NDArray tokens = encoder.tokens(pixels, TokenLayer.LLAVA); // [N,3,S,S] -> [N,T,C]
      System.out.println(tokens.getShape());
    }
  }

  static void zeroShot() throws IOException {
    try (ClipModel clip = ClipModel.load(Path.of("fare-quickstart/robust"));
        ZeroShotClassifier classifier =
            clip.zeroShotClassifier(
                List.of("hot dog", "tiger", "teapot"), List.of("a picture of a {}"));
        NDManager manager = NDManager.newBaseManager()) {
      Image photo = ImageFactory.getInstance().fromFile(Path.of("photo.jpg"));
      NDArray pixels =
          clip.imageEncoder().preprocessing().toPixels(manager, List.of(PixelImage.of(photo)));
      NDArray probabilities = classifier.logits(pixels).softmax(1); // [N,3]
      System.out.println(classifier.classNames().get((int) probabilities.argMax(1).getLong(0)));
    }
  }

  static void convert() throws IOException {
    Conversion written =
        ModelConverter.of(Path.of("fare-quickstart/robust"))
            .write(ModelFormat.OPEN_CLIP, Path.of("robust-open-clip"));
    System.out.println(written.difference()); // of an image's embedding, before and after
  }
}
