package dev.fare.training.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.fare.data.ImageDataset;
import dev.fare.data.InMemoryImages;
import dev.fare.torch.Autograd;
import dev.fare.training.AroundTanh;
import dev.fare.training.FareTrainer;
import dev.fare.training.Moved;
import dev.fare.training.RunImages;
import dev.fare.training.Runs;
import dev.fare.training.TanhEncoder;
import dev.fare.training.TrainableEncoder;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.TrainingLoss;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReferenceCacheTest {

  private static final int HEADER_BYTES = 48 + 4 * TanhEncoder.DIMENSIONS;

  @TempDir private Path directory;

  /** A matrix product rounds by an image's place in the batch; one image at a time has none. */
  @Test
  void aCachedRunIsTheUncachedOneBitForBit() {
    float[] uncached = trainOneByOne(false);

    assertThat(trainOneByOne(true)).containsExactly(uncached);
    // and once more from the file of before
    assertThat(trainOneByOne(true)).containsExactly(uncached);
  }

  @Test
  void loaderThreadsMakeTheSameFile() throws Exception {
    trainOneByOne(true, 0);
    Path file = files().get(0);
    byte[] alone = Files.readAllBytes(file);
    Files.delete(file);

    trainOneByOne(true, 3);
    assertThat(file).hasBinaryContent(alone);
  }

  @Test
  void aCachedRunIsTheUncachedOneUpToRoundingForOtherEncoders() {
    float[] uncached = Runs.undisturbed()[0];

    assertThat(train(1, Runs.IMAGES)[0]).containsExactly(uncached, within(1e-5f));
  }

  @Test
  void theOriginalSeesEveryImageOnceForAllRuns() {
    AtomicLong seen = new AtomicLong();
    fitCounting(seen);
    assertThat(seen.get())
        .isEqualTo(12 + 1); // ten images in parts of three, filled up, and the test image

    fitCounting(seen);
    assertThat(seen.get()).isEqualTo(13 + 1);
  }

  @Test
  void eachOriginalHasItsOwnFile() throws Exception {
    train(1, Runs.IMAGES);
    train(2, Runs.IMAGES);
    assertThat(files()).hasSize(2);
  }

  @Test
  void dataOfAnotherDescriptionHaveTheirOwnFile() throws Exception {
    train(1, Runs.IMAGES);
    train(1, InMemoryImages.of(new float[48 * 10], TanhEncoder.SIDE));
    assertThat(files()).hasSize(2);
  }

  /** Another processor rounds otherwise, another precision by far more. */
  @Test
  void roundingFindsTheFileAndAnotherPrecisionMakesItsOwn() throws Exception {
    for (float scale : new float[] {1, 1 + 1e-5f, 1 - 1e-5f}) {
      trainScaled(scale);
      assertThat(files()).hasSize(1);
    }
    byte[] exact = Files.readAllBytes(files().get(0));
    for (float scale : new float[] {1 + 1e-3f, 1, 1 + 1e-3f}) {
      trainScaled(scale);
      assertThat(files()).hasSize(2);
    }
    assertThat(files().stream().anyMatch(file -> Arrays.equals(bytes(file), exact))).isTrue();
  }

  private void trainScaled(float scale) {
    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer<?> trainer =
            Runs.builder(new Scaled(encoder, scale)).referenceCache(directory).build()) {
      trainer.fit(Runs.IMAGES);
    }
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Data that have moved are the same data. */
  @Test
  void dataOfTheSameIdentityShareAFile() throws Exception {
    train(1, new Moved("/scratch/17"));
    train(1, new Moved("/scratch/18"));
    assertThat(files()).hasSize(1);
  }

  @Test
  void refusesAnImageThatHasChangedUnderTheSameDescription() {
    train(1, new Shifted(0));

    assertThatThrownBy(() -> train(1, new Shifted(1e-6f)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageMatching("image \\d is not the one whose embedding is kept in .*")
        .hasMessageContaining("the data have changed or are augmented");
  }

  @Test
  void refusesADamagedRow() throws Exception {
    train(1, Runs.IMAGES);
    Path file = files().get(0);
    byte[] bytes = Files.readAllBytes(file);
    for (int row = 0; row < 10; row++) {
      bytes[HEADER_BYTES + 32 * row + 17] ^= 4; // somewhere in its embedding
    }
    Files.write(file, bytes);

    assertThatThrownBy(() -> train(1, Runs.IMAGES))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("is damaged; delete the file");
  }

  @Test
  void makesATruncatedOrForeignFileAnew() throws Exception {
    float[][] expected = train(1, Runs.IMAGES);
    Path file = files().get(0);
    byte[] whole = Files.readAllBytes(file);
    assertThat(whole).hasSize(HEADER_BYTES + 10 * (8 + 4 * TanhEncoder.DIMENSIONS + 4));
    for (byte[] damaged :
        List.of(Arrays.copyOf(whole, whole.length - 1), new byte[whole.length], new byte[0])) {
      Files.write(file, damaged);
      assertThat(train(1, Runs.IMAGES)).isDeepEqualTo(expected);
      assertThat(Files.readAllBytes(file)).isEqualTo(whole);
    }
  }

  /** Stopped while the fourth batch is read; what was embedded before is not embedded again. */
  @Test
  void aCacheThatWasStoppedIsGoneOnWith() throws Exception {
    AtomicLong seen = new AtomicLong();
    fitCounting(seen);
    Path file = files().get(0);
    byte[] undisturbed = Files.readAllBytes(file);
    Files.delete(file);

    seen.set(0);
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    AtomicLong reads = new AtomicLong();
    ImageDataset stopping =
        new Watched(
            index -> {
              if (index == 7 && reads.incrementAndGet() == 1) {
                trainer[0].cancel();
              }
            });
    try (TanhEncoder encoder = TanhEncoder.seeded(1)) {
      trainer[0] =
          Runs.builder(new Counting(encoder, new AtomicLong(), seen))
              .referenceCache(directory)
              .build();
      assertThat(trainer[0].fit(stopping).lastStep()).isEqualTo(0);
      assertThat(seen.get()).isEqualTo(9 + 1); // and the test image
      assertThat(files()).hasSize(1).doesNotContain(file);

      assertThat(trainer[0].fit(stopping).isComplete()).isTrue();
      assertThat(seen.get()).isEqualTo(12 + 2);
      trainer[0].close();
    }
    assertThat(files()).containsExactly(file);
    assertThat(Files.readAllBytes(file)).isEqualTo(undisturbed);
  }

  @Test
  void whatATornFileHasLostIsEmbeddedAgain() throws Exception {
    AtomicLong seen = new AtomicLong();
    fitCounting(seen);
    Path file = files().get(0);
    byte[] undisturbed = Files.readAllBytes(file);
    int header = undisturbed.length - 10 * 32;
    byte[] torn = Arrays.copyOf(undisturbed, header + 32 * 8);
    torn[header + 32 * 5 + 17] ^= 4; // in the embedding of image 5
    Files.delete(file);
    Files.write(directory.resolve("." + file.getFileName() + ".part"), torn);

    seen.set(0);
    fitCounting(seen);
    assertThat(seen.get()).isEqualTo(9 + 1); // images 3 to 9, in parts of three, filled up
    assertThat(files()).containsExactly(file);
    assertThat(Files.readAllBytes(file)).isEqualTo(undisturbed);
  }

  @Test
  void augmentedDataAreRefusedBeforeAnythingIsEmbedded() {
    AtomicLong seen = new AtomicLong();
    ImageDataset augmented =
        new Watched(index -> {}) {
          @Override
          public ImageDataset atEpoch(long epoch) {
            return new Shifted(epoch == 3 ? 0.5f : 0);
          }
        };
    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer<?> trainer =
            Runs.builder(new Counting(encoder, new AtomicLong(), seen))
                .referenceCache(directory)
                .build()) {
      assertThatThrownBy(() -> trainer.fit(augmented))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("the data are augmented");
    }
    assertThat(seen.get()).isEqualTo(1); // the test image
  }

  @Test
  void saysWhereItCantBeWritten() throws Exception {
    Path occupied = Files.createFile(directory.resolve("a-file"));
    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer<?> trainer = Runs.builder(encoder).referenceCache(occupied).build()) {
      assertThatThrownBy(() -> trainer.fit(Runs.IMAGES))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContaining("the original's embeddings can't be kept in " + occupied);
    }
  }

  @Test
  void tokensAreNotKept() {
    TrainingLoss tokens = TrainingLoss.fare().withTokens(EmbeddingLoss.squaredDistance(), 1);
    try (TanhEncoder encoder = TanhEncoder.seeded(1)) {
      FareTrainer.Builder<?> builder = Runs.builder(encoder).loss(tokens).referenceCache(directory);
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the loss reads patch tokens");
    }
  }

  private float[][] train(long weights, ImageDataset data) {
    try (TanhEncoder encoder = TanhEncoder.seeded(weights);
        FareTrainer<?> trainer = Runs.builder(encoder).referenceCache(directory).build()) {
      trainer.fit(data);
      return Runs.results(encoder, trainer);
    }
  }

  private float[] trainOneByOne(boolean cached) {
    return trainOneByOne(cached, 0);
  }

  private float[] trainOneByOne(boolean cached, int loaderThreads) {
    try (TanhEncoder encoder = TanhEncoder.seeded(1)) {
      FareTrainer.Builder<?> builder =
          Runs.builder(new OneByOne(encoder)).loaderThreads(loaderThreads);
      if (cached) {
        builder.referenceCache(directory);
      }
      try (FareTrainer<?> trainer = builder.build()) {
        trainer.fit(Runs.IMAGES);
      }
      return encoder.values();
    }
  }

  private void fitCounting(AtomicLong seen) {
    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer<?> trainer =
            Runs.builder(new Counting(encoder, new AtomicLong(), seen))
                .referenceCache(directory)
                .build()) {
      trainer.fit(Runs.IMAGES);
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  /** Counts the images that it sees, and those that its copies see. */
  private record Counting(TanhEncoder encoder, AtomicLong own, AtomicLong ofCopies)
      implements AroundTanh {

    @Override
    public NDArray embed(NDArray pixels) {
      own.addAndGet(pixels.getShape().get(0));
      return encoder.embed(pixels);
    }

    @Override
    public TrainableEncoder copy() {
      return new Counting(encoder.copy(), ofCopies, new AtomicLong());
    }
  }

  /** The same weights, whose embeddings come out a little longer. */
  private record Scaled(TanhEncoder encoder, float scale) implements AroundTanh {

    @Override
    public NDArray embed(NDArray pixels) {
      return Autograd.scaled(encoder.embed(pixels), scale);
    }

    @Override
    public TrainableEncoder copy() {
      return new Scaled(encoder.copy(), scale);
    }
  }

  /** Embeds each image of a batch for itself. */
  private record OneByOne(TanhEncoder encoder) implements AroundTanh {

    @Override
    public NDArray embed(NDArray pixels) {
      long images = pixels.getShape().get(0);
      NDArray rows = pixels.reshape(images, 1, -1); // a product of matrices for each image
      NDArray hidden = layer(rows, "first", images).tanh();
      return layer(hidden, "second", images).reshape(images, TanhEncoder.DIMENSIONS);
    }

    private NDArray layer(NDArray rows, String name, long images) {
      NDArray weight = encoder.weight(name + ".weight");
      Shape shape = new Shape(images, weight.getShape().get(0), weight.getShape().get(1));
      NDArray each = weight.expandDims(0).broadcast(shape);
      return rows.matMul(each).add(encoder.weight(name + ".bias"));
    }

    @Override
    public TrainableEncoder copy() {
      return new OneByOne(encoder.copy());
    }
  }

  /** The images of the runs, each value a little larger. */
  private record Shifted(float by) implements RunImages {

    @Override
    public void read(int index, int imageSize, FloatBuffer target) {
      int start = target.position();
      Runs.IMAGES.read(index, imageSize, target);
      for (int i = start; i < target.position(); i++) {
        target.put(i, target.get(i) * (1 - by));
      }
    }
  }

  /** The images of the runs under their description; somebody hears which are read. */
  private static class Watched implements RunImages {
    private final IntConsumer listener;

    Watched(IntConsumer listener) {
      this.listener = listener;
    }

    @Override
    public void read(int index, int imageSize, FloatBuffer target) {
      listener.accept(index);
      Runs.IMAGES.read(index, imageSize, target);
    }

    @Override
    public String description() {
      return Runs.IMAGES.description();
    }

    @Override
    public String identity() {
      return Runs.IMAGES.identity();
    }
  }
}
