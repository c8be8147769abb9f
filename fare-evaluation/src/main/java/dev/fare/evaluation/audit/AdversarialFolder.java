package dev.fare.evaluation.audit;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.Lists;
import dev.fare.Classifier;
import dev.fare.ImageEncoder;
import dev.fare.ThreatModel;
import dev.fare.data.ImageArrays;
import dev.fare.data.ImageFolder;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.LabelledBatch;
import dev.fare.evaluation.PerceptualSimilarity;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.drift.EncoderAttack;
import dev.fare.evaluation.drift.EncoderBatch;
import dev.fare.evaluation.report.PngImages;
import dev.fare.io.AtomicFile;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Attacks a folder of images and writes them as PNG under the same names, at the size the encoder
 * takes. What counts is what the files hold: success is looked at again after rounding.
 */
public final class AdversarialFolder {

  private static final int BATCH = 32;

  /**
   * What became of one image.
   *
   * @param file its path in the folder
   * @param label its class, −1 without classes
   * @param clean what the classifier says of the clean image, −1 without classes
   * @param attacked the same of what the attack found
   * @param rounded the same of what the file holds
   * @param size of the change in the file, in the threat model's norm
   * @param cosine between the encoder's embeddings of the clean image and of the file
   */
  public record Outcome(
      String file, int label, int clean, int attacked, int rounded, double size, double cosine) {

    /** Whether the attack changed a right answer. */
    public boolean isFooled() {
      return clean == label && attacked != label;
    }

    /** Whether the file still does. */
    public boolean isFooledByFile() {
      return clean == label && rounded != label;
    }
  }

  /** What attacks a batch. */
  private interface Attacker {
    NDArray attack(NDArray pixels, long[] ids, NDManager manager);
  }

  private final ImageFolder folder;
  private final Path root;
  private final ImageEncoder encoder;
  private final ThreatModel threatModel;

  /**
   * Prepares to attack.
   *
   * @param root the folder that the images are in
   * @param encoder under attack; images are taken at its size
   */
  public AdversarialFolder(
      ImageFolder folder, Path root, ImageEncoder encoder, ThreatModel threatModel) {
    this.folder = folder;
    this.root = root;
    this.encoder = encoder;
    this.threatModel = threatModel;
  }

  /**
   * Attacks a classifier's answers.
   *
   * @param images indices into the folder, which has classes
   * @param output where the images go, outside of the folder
   * @param done hears how many are finished
   */
  public List<Outcome> fool(
      Classifier classifier,
      EvaluationAttack attack,
      List<Integer> images,
      Path output,
      IntConsumer done)
      throws IOException {
    Attacker attacker =
        (pixels, ids, manager) -> {
          long[] labels =
              LongStream.of(ids).map(id -> folder.label((int) id).orElseThrow()).toArray();
          LabelledBatch batch = new LabelledBatch(pixels, manager.create(labels), ids);
          return attack.strategy().attack(threatModel, classifier, batch).images();
        };
    return run(attacker, pixels -> predictions(classifier, pixels), images, output, done);
  }

  /**
   * Attacks where the encoder puts the images.
   *
   * @param images indices into the folder
   * @param output where the images go, outside of the folder
   * @param done hears how many are finished
   */
  public List<Outcome> move(
      EncoderAttack attack, List<Integer> images, Path output, IntConsumer done)
      throws IOException {
    Attacker attacker =
        (pixels, ids, manager) -> {
          NDArray reference;
          try (GradMode off = GradMode.noGrad()) {
            reference = encoder.embed(pixels);
          }
          EncoderBatch batch = new EncoderBatch(pixels, reference, ids);
          return attack.strategy().attack(threatModel, encoder, batch).images();
        };
    return run(
        attacker,
        pixels -> IntStream.generate(() -> -1).limit(pixels.getShape().get(0)).toArray(),
        images,
        output,
        done);
  }

  /** What is said of a batch. */
  private interface Answers {
    int[] of(NDArray pixels);
  }

  private static int[] predictions(Classifier classifier, NDArray pixels) {
    try (GradMode off = GradMode.noGrad()) {
      long[] top = Host.longs(classifier.logits(pixels).argMax(1));
      return IntStream.range(0, top.length).map(i -> (int) top[i]).toArray();
    }
  }

  private List<Outcome> run(
      Attacker attacker, Answers answers, List<Integer> images, Path output, IntConsumer done)
      throws IOException {
    Set<Path> targets = new HashSet<>();
    for (int image : images) {
      Path target = target(image, output);
      checkOutside(target);
      checkArgument(targets.add(target), "two images would be written to %s; rename one", target);
    }
    List<Outcome> outcomes = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager(encoder.device(), "PyTorch")) {
      for (List<Integer> batch : Lists.partition(images, BATCH)) {
        try (TensorScope scope = TensorScope.of(manager)) {
          outcomes.addAll(attack(batch, attacker, answers, output, scope.manager()));
        }
        done.accept(outcomes.size());
      }
    }
    return outcomes;
  }

  private List<Outcome> attack(
      List<Integer> images, Attacker attacker, Answers answers, Path output, NDManager manager)
      throws IOException {
    NDArray clean = ImageArrays.pixels(folder, images, encoder.imageSize(), manager);
    long[] ids = images.stream().mapToLong(Integer::longValue).toArray();
    NDArray found = attacker.attack(clean, ids, manager);
    NDArray rounded = EightBit.round(found, clean, threatModel);
    float[] sizes = Host.floats(threatModel.size(rounded.sub(clean)));
    float[] cosines;
    try (GradMode off = GradMode.noGrad()) {
      cosines = Host.floats(PerceptualSimilarity.of(encoder).between(clean, rounded));
    }
    int[] before = answers.of(clean);
    int[] attacked = answers.of(found);
    int[] after = answers.of(rounded);
    write(rounded, images, output);
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < before.length; i++) {
      OptionalInt label = before[i] < 0 ? OptionalInt.empty() : folder.label(images.get(i));
      outcomes.add(
          new Outcome(
              name(images.get(i)),
              label.orElse(-1),
              before[i],
              attacked[i],
              after[i],
              sizes[i],
              cosines[i]));
    }
    return outcomes;
  }

  private String name(int image) {
    return ImageSource.nameBelow(root, folder.path(image));
  }

  private void write(NDArray images, List<Integer> indices, Path output) throws IOException {
    int side = encoder.imageSize();
    int size = 3 * side * side;
    float[] values = Host.floats(images);
    for (int i = 0; i < indices.size(); i++) {
      float[] planes = Arrays.copyOfRange(values, i * size, (i + 1) * size);
      AtomicFile.write(
          target(indices.get(i), output), PngImages.encode(Picture.of(side, side, planes)));
    }
  }

  private Path target(int image, Path output) {
    String name = name(image);
    return output.resolve(name + (name.endsWith(".png") ? "" : ".png"));
  }

  /** An attacked image must neither replace a clean one nor be taken for one later. */
  private void checkOutside(Path target) throws IOException {
    Path existing = target.toAbsolutePath().normalize().getParent();
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    checkArgument(
        existing == null || !existing.toRealPath().startsWith(root.toRealPath()),
        "attacked images can't be written among the clean ones: %s is inside %s; choose another"
            + " output",
        target,
        root);
  }
}
