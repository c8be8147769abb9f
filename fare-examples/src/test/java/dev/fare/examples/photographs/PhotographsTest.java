package dev.fare.examples.photographs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fare.data.DatasetInspection;
import dev.fare.data.ImageFolder;
import dev.fare.image.Augmentation;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PhotographsTest {
  private static final String TRAINING =
      " --image-size 16 --patch-size 8 --width 64 --layers 1 --steps 60 --batch-size 16"
          + " --warmup-steps 10 --learning-rate 3e-3 --print-every 60 --min-scale 0.8";

  @TempDir Path root;

  @Test
  void trainsTunesAndEvaluatesOnClassFolders() throws IOException {
    Path pictures = root.resolve("pictures");
    drawings(pictures);
    Path clip = root.resolve("clip");
    Path fare = root.resolve("fare");

    String trained =
        run(new SmallClipRecipe(), "--data " + pictures + " --output " + clip + TRAINING);
    String tuned =
        run(
            new RobustTuningRecipe(),
            "--data %s --model %s --output %s --classes red_square,green_square --steps 3 --batch-size 4"
                .formatted(pictures, clip, fare));
    String evaluated =
        run(
            new RobustnessRecipe(),
            ("--data %s --model %s --robust FARE=%s --images 8 --steps 4 --restarts 1 --targets 1"
                    + " --tuned-classes red_square,green_square --image-size 24 --report %s")
                .formatted(pictures, clip, fare, root.resolve("report.html")));

    // three colours can't be missed; what is 24 pixels wide is resized inside the model
    assertThat(number("test set: ([0-9.]+) %", trained)).isGreaterThan(90);
    assertThat(tuned).contains("3 steps of 4 pictures");
    assertThat(evaluated)
        .contains("| pictures | encoder | clean | l∞ 2/255 | l∞ 4/255 |")
        .contains("| tuned classes (8) | original |")
        .contains("| other classes (8) | FARE |");
    assertThat(number("tuned classes \\(8\\) \\| original \\| ([0-9.]+)", evaluated))
        .isGreaterThan(80);
    assertThat(root.resolve("report.html")).isNotEmptyFile();
  }

  @Test
  void refusesAFolderWithoutClasses() throws IOException {
    ImageIO.write(
        new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB), "png", root.resolve("1.png").toFile());

    assertThatThrownBy(() -> Photographs.load(root, 0.5, 0, Augmentation.randomResizedCrop(1)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("needs at least two class folders");
  }

  @Test
  void splitsRealPhotographsWithoutOverlap() throws IOException {
    Path caltech = Path.of("../../../../shared/data/caltech101-mini").toAbsolutePath().normalize();
    assumeTrue(Files.isDirectory(caltech), caltech + " is absent");

    Photographs photographs =
        Photographs.load(caltech, 0.25, 1, Augmentation.randomResizedCrop(0.5));

    assertThat(photographs.training().size() + photographs.test().size())
        .isEqualTo(ImageFolder.of(caltech).size());
    assertThat(photographs.classNames()).hasSize(20).contains("electric guitar");
    assertThat(DatasetInspection.shared(photographs.training(), photographs.test(), 32)).isEmpty();
    DatasetInspection test = DatasetInspection.of(photographs.test(), 32);
    assertThat(test.unreadable()).isEmpty();
    assertThat(test.emptyClasses()).isEmpty();
  }

  /** Squares of three colours on grounds of any colour. */
  private static void drawings(Path folder) throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    String[] names = {"red_square", "green_square", "blue_square"};
    for (int colour = 0; colour < 3; colour++) {
      Path ofClass = Files.createDirectories(folder.resolve(names[colour]));
      for (int i = 0; i < 32; i++) {
        BufferedImage image = new BufferedImage(30, 24, BufferedImage.TYPE_INT_RGB);
        int ground = random.nextInt(0x40) * 0x010101;
        for (int pixel = 0; pixel < 30 * 24; pixel++) {
          boolean isInside = pixel % 30 > 5 && pixel % 30 < 25 && pixel / 30 > 4;
          image.setRGB(pixel % 30, pixel / 30, isInside ? 0xff0000 >> 8 * colour : ground);
        }
        ImageIO.write(image, "png", ofClass.resolve(i + ".png").toFile());
      }
    }
  }

  private static String run(Callable<Integer> recipe, String arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status =
        new CommandLine(recipe)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(arguments.strip().split(" +"));
    assertThat(status).as(err.toString()).isZero();
    return out.toString();
  }

  private static double number(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return Double.parseDouble(matcher.group(1));
  }
}
