package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.ThreatModel;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageFolder;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.models.RobustClipEncoder;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's recipe in small: a folder of pictures, a real CLIP, a robust one on disk. */
class FineTuningTest {

  @TempDir private Path folder;

  @Test
  void movesLessUnderAttackAfterAFewStepsOnAFolderOfPictures() throws Exception {
    Path clip = EmbeddedClip.copyTo(folder.resolve("clip"));
    Path robust = folder.resolve("robust");

    TrainingSummary summary = train(clip, Precision.FLOAT32, robust);

    assertThat(summary.isComplete()).isTrue();
    assertThat(meanShift(robust)).isLessThan(0.9 * meanShift(clip));
  }

  /** The weights and their moments are float32; what is trained is used in float32 here. */
  @Test
  void bfloat16TrainsWhatFloat32Trains() throws Exception {
    Path clip = EmbeddedClip.copyTo(folder.resolve("clip"));
    Path single = folder.resolve("float32");
    Path half = folder.resolve("bfloat16");

    train(clip, Precision.FLOAT32, single);
    train(clip, Precision.BFLOAT16, half);

    assertThat(meanShift(half)).isCloseTo(meanShift(single), withinPercentage(5));
    double fromEachOther = squaredDistance(single, half);
    assertThat(fromEachOther).isPositive().isLessThan(0.05 * squaredDistance(single, clip));
  }

  private TrainingSummary train(Path clip, Precision precision, Path saved) throws Exception {
    Path pictures = writePictures(EmojiData.load(), 48);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(clip, precision);
        FareTrainer<?> trainer =
            FareTrainer.builder(encoder)
                .attack(
                    PgdAttack.builder(ThreatModel.linf(4 / 255.0))
                        .steps(2)
                        .stepSize(2.5 / 255)
                        .build())
                .learningRate(3e-4)
                .warmupSteps(2)
                .steps(12)
                .batchSize(16)
                .checkpoints(folder.resolve("runs-" + precision))
                .build()) {
      TrainingSummary summary = trainer.fit(ImageFolder.of(pictures));
      encoder.save(saved);
      return summary;
    }
  }

  /** Between two models' embeddings of clean pictures, in the mean. */
  private static double squaredDistance(Path one, Path other) throws Exception {
    try (RobustClipEncoder first = RobustClipEncoder.load(one);
        RobustClipEncoder second = RobustClipEncoder.load(other);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      float[] images = EmojiData.load().testSetA(960).batch(100, 124).images();
      NDArray pixels = manager.create(images, new Shape(24, 3, 48, 48));
      NDArray difference = first.embed(pixels).sub(second.embed(pixels));
      return difference.square().sum().getFloat() / 24;
    }
  }

  /** How far an attack moves the embedding, against the clean embedding's own length. */
  private double meanShift(Path model) throws Exception {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      float[] images = EmojiData.load().testSetA(960).batch(100, 124).images();
      NDArray pixels = manager.create(images, new Shape(24, 3, 48, 48));
      PgdAttack attack = PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(5).build();
      NDArray attacked =
          attack.perturb(Objectives.embeddingShift(encoder, pixels), pixels).images();
      NDArray clean = encoder.embed(pixels);
      NDArray shift = encoder.embed(attacked).sub(clean);
      return shift.square().sum().getFloat() / clean.square().sum().getFloat();
    }
  }

  /** Scenes as PNG files, wider than high, so that they must be resized and cropped. */
  private Path writePictures(EmojiData data, int count) throws Exception {
    Path directory = Files.createDirectories(folder.resolve("pictures/nested"));
    float[] images = data.trainingBatch(0, count, 0.3).images();
    int plane = 48 * 48;
    for (int i = 0; i < count; i++) {
      BufferedImage picture = new BufferedImage(70, 60, BufferedImage.TYPE_INT_RGB);
      for (int y = 0; y < 60; y++) {
        for (int x = 0; x < 70; x++) {
          int at = 3 * plane * i + y * 48 / 60 * 48 + x * 48 / 70;
          int red = Math.round(255 * images[at]);
          int green = Math.round(255 * images[at + plane]);
          int blue = Math.round(255 * images[at + 2 * plane]);
          picture.setRGB(x, y, red << 16 | green << 8 | blue);
        }
      }
      ImageIO.write(picture, "png", directory.resolve("picture-" + i + ".png").toFile());
    }
    return directory.getParent();
  }
}
