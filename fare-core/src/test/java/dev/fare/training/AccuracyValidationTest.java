package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Objective;
import dev.fare.data.ImageDataset;
import dev.fare.image.UnreadableImageException;
import dev.fare.training.validation.Validation;
import dev.fare.training.validation.ValidationLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Clean and robust accuracy, counted as an evaluation counts them. */
class AccuracyValidationTest {

  private static final SignAttack ATTACK = new SignAttack(8 / 255.0, 3, 0);

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  @AfterEach
  void close() {
    encoder.close();
    manager.close();
  }

  /** Each image's own embedding as its class. */
  private NDArray embeddings() {
    return encoder.embed(Runs.pixels(manager));
  }

  @Test
  void theEmbeddingsAreCopied() {
    NDArray own = embeddings();
    Validation validation = Validation.accuracy(new Numbered(10, 0), own, ATTACK);
    own.close();

    assertThat(validation.measure(encoder, encoder)).containsEntry("clean_accuracy", 1.0);
  }

  /** Shows the image of class 0 as its success, and the clean one as that of highest loss. */
  private static final class Showing implements Attack {
    final NDArray other;
    final List<Long> attacked = new ArrayList<>();

    Showing(NDArray other) {
      this.other = other;
    }

    @Override
    public AttackResult perturb(Objective objective, NDArray pixels) {
      long rows = pixels.getShape().get(0);
      attacked.add(rows);
      NDArray same = pixels.getManager().create(other.toFloatArray(), new Shape(1, 3, 4, 4));
      NDList copies = new NDList();
      for (int i = 0; i < rows; i++) {
        copies.add(same);
      }
      NDArray shown = rows == 1 ? same : NDArrays.concat(copies);
      NDArray succeeded = objective.succeeded(objective.forward(shown));
      return new AttackResult(shown, pixels, pixels.getManager().zeros(new Shape(rows)), succeeded);
    }

    @Override
    public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
      return perturb(objective, pixels);
    }
  }

  private NDArray image(int index) {
    FloatBuffer pixels = FloatBuffer.allocate(48);
    Runs.IMAGES.read(index, TanhEncoder.SIDE, pixels);
    return manager.create(pixels.array(), new Shape(1, 3, 4, 4));
  }

  @Test
  void anImageIsBrokenByWhatTheAttackSucceedsWith() {
    Showing attack = new Showing(image(0));

    Map<String, Double> values =
        Validation.accuracy(new Numbered(10, 0), embeddings(), attack).measure(encoder, encoder);

    assertThat(values).containsEntry("clean_accuracy", 1.0).containsEntry("robust_accuracy", 0.1);
  }

  @Test
  void whatIsWrongAlreadyIsNotAttacked() {
    Showing attack = new Showing(image(0));
    ImageDataset twoRight = new Numbered(10, 8); // images 0 and 1 keep their classes

    Map<String, Double> values =
        Validation.accuracy(twoRight, embeddings(), attack).measure(encoder, encoder);

    assertThat(attack.attacked).containsExactly(2L);
    assertThat(values).containsEntry("clean_accuracy", 0.2).containsEntry("robust_accuracy", 0.1);
  }

  @Test
  void theAttackSeesWhichImagesAreFinished() {
    List<boolean[]> seen = new ArrayList<>();
    Attack looking =
        new Attack() {
          @Override
          public AttackResult perturb(Objective objective, NDArray pixels) {
            NDArray succeeded = objective.succeeded(objective.forward(image(3)));
            seen.add(succeeded.toBooleanArray());
            return new AttackResult(
                pixels,
                pixels,
                manager.zeros(new Shape(10)),
                manager.zeros(new Shape(10), DataType.BOOLEAN));
          }

          @Override
          public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
            return perturb(objective, pixels);
          }
        };
    Validation.accuracy(new Numbered(10, 0), embeddings(), looking).measure(encoder, encoder);

    boolean[] allButTheThird = {true, true, true, false, true, true, true, true, true, true};
    assertThat(seen).containsExactly(allButTheThird);
  }

  @Test
  void refusesImagesOfNoClass() {
    NDArray nine = embeddings().get("0:9");

    assertThatThrownBy(() -> Validation.accuracy(new Numbered(10, 0), nine, ATTACK))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("image 9 is of class 9, and there are embeddings of classes 0 to 8");
    assertThatThrownBy(() -> Validation.closeness(new Numbered(0, 0), ATTACK))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("a validation needs images, and there are none");
  }

  @Test
  void leavesOutWhatCannotBeReadUpToTheTrainersLimit() {
    ImageDataset corrupt = new Corrupt();
    try (FareTrainer<?> trainer =
        Runs.builder(encoder)
            .unreadableFraction(0.2)
            .validation(Validation.closeness(corrupt, ATTACK), 4)
            .build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.warnings())
          .containsExactly("2 images of the validation can't be read and are left out");
    }
    assertThatThrownBy(() -> Validation.closeness(corrupt, ATTACK).measure(encoder, encoder))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("1 of 10 images can't be read");
  }

  @Test
  void theValuesAreThoseOfTheImagesThatCanBeRead() {
    Validation corrupt =
        Validation.accuracy(new Corrupt(), embeddings(), ATTACK)
            .within(new ValidationLimits(0, 3, 0.2));

    assertThat(corrupt.measure(encoder, encoder)).containsEntry("clean_accuracy", 1.0);
    assertThat(corrupt.unreadableImages()).isEqualTo(2);
    assertThat(corrupt.within(new ValidationLimits(0, 2, 0.2)).unreadableImages()).isEqualTo(2);
  }

  /** The images of the runs, each of a class of its own; from one on those of the next. */
  private record Numbered(int size, int shiftedFrom) implements RunImages {

    @Override
    public OptionalInt label(int index) {
      boolean shifted = shiftedFrom > 0 && index >= 10 - shiftedFrom;
      return OptionalInt.of(shifted ? (index + 1) % 10 : index);
    }

    @Override
    public String description() {
      return size + " images of ten classes";
    }
  }

  /** Images 1 and 4 can't be decoded. */
  private static final class Corrupt implements RunImages {

    @Override
    public void read(int index, int imageSize, FloatBuffer target) throws IOException {
      if (index == 1 || index == 4) {
        target.put(0.5f); // a decoder that fails half-way
        throw new UnreadableImageException(index + ".jpg", "broken", null);
      }
      Runs.IMAGES.read(index, imageSize, target);
    }

    @Override
    public OptionalInt label(int index) {
      return OptionalInt.of(index);
    }
  }
}
