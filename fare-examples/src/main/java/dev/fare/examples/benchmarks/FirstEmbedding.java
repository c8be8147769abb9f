package dev.fare.examples.benchmarks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.RobustClipEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;

/** What a process does that embeds one image; says when, and what its parts take when warm. */
final class FirstEmbedding {

  static final String DONE = "done";
  static final String ENGINE = "engine, ms";
  static final String LOADING = "loading the encoder, ms";
  static final String FIRST = "first forward, ms";
  static final String READING = "reading the file into fresh memory, ms";
  static final String STREAMING = "reading it through one buffer, ms";
  static final String FORWARD = "a forward, ms";

  private static final int REPEATS = 5;
  private static final int BUFFER = 1 << 22;

  private FirstEmbedding() {}

  /** Takes the directory of the model. */
  public static void main(String[] arguments) throws IOException {
    Path model = Path.of(arguments[0]);
    long start = System.nanoTime();
    Engine.getEngine("PyTorch");
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      manager.zeros(new Shape(1)).close();
      long engine = System.nanoTime();
      try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
        long loaded = System.nanoTime();
        int size = encoder.imageSize();
        NDArray pixels = manager.randomUniform(0, 1, new Shape(1, 3, size, size));
        ServingBenchmark.embed(encoder, pixels);
        long first = System.nanoTime();
        System.out.println(DONE);
        System.out.flush();
        say(ENGINE, engine - start);
        say(LOADING, loaded - engine);
        say(FIRST, first - loaded);
        Path file = model.resolve("model.safetensors");
        say(READING, median(() -> read(file, manager)));
        say(STREAMING, median(() -> stream(file)));
        say(FORWARD, median(() -> ServingBenchmark.embed(encoder, pixels)));
      }
    }
  }

  private static void say(String name, double nanos) {
    System.out.println(name + "=" + nanos / 1e6);
  }

  /** Something that reads. */
  @FunctionalInterface
  private interface Part {
    void run() throws IOException;
  }

  private static double median(Part part) throws IOException {
    double[] nanos = new double[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
      long start = System.nanoTime();
      part.run();
      nanos[i] = System.nanoTime() - start;
    }
    Arrays.sort(nanos);
    return nanos[REPEATS / 2];
  }

  /** As a whole, into memory that a process gets for it, as the weights. */
  private static void read(Path file, NDManager manager) throws IOException {
    try (FileChannel channel = FileChannel.open(file);
        NDArray memory = manager.create(new Shape(channel.size()), DataType.UINT8)) {
      readFully(channel, memory.toByteBuffer(true));
    }
  }

  private static void readFully(FileChannel channel, ByteBuffer target) throws IOException {
    while (target.hasRemaining() && channel.read(target) >= 0) {
      // until it is full
    }
  }

  private static void stream(Path file) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    try (FileChannel channel = FileChannel.open(file)) {
      while (channel.read(buffer.clear()) >= 0) {
        // over what was read before
      }
    }
  }
}
