package dev.fare.evaluation;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.ImmutableList;
import dev.fare.ThreatModel;
import dev.fare.data.ImageDataset;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What every kind of evaluation has been told.
 *
 * @param imageSize side in pixels at which images are read and attacked
 * @param batchSize images that go through a model at a time
 * @param workers work on batches at the same time
 * @param loaderThreads read the images of a batch; 0 for the one that works on it
 * @param threatModels without repetitions, norm by norm, small radii first
 * @param device where the models are; null for where each says it is
 * @param listener hears of the progress
 */
public record EvaluationPlan(
    int imageSize,
    int batchSize,
    Workers workers,
    int loaderThreads,
    ImmutableList<ThreatModel> threatModels,
    @Nullable Device device,
    EvaluationListener listener) {

  /** The images of a data set as they are attacked. */
  public ImageReader images(ImageDataset data) {
    return new ImageReader(data, imageSize, loaderThreads);
  }

  /**
   * Works on every image and tells the listener how far it is; each image counts as right.
   *
   * @param dataSet its name in the report
   * @param model whose turn it is
   * @param phase what is done
   * @param work on the images of a batch
   * @return what the work has given, batch by batch
   */
  public <T> List<T> forEachBatch(
      String dataSet,
      String model,
      String phase,
      ImageReader reader,
      Function<List<Integer>, T> work) {
    AtomicInteger done = new AtomicInteger();
    return workers.map(
        reader.batches(batchSize),
        work,
        (images, result) -> {
          int count = done.addAndGet(images.size());
          listener.progressed(
              new EvaluationProgress(dataSet, model, phase, count, reader.size(), count));
        });
  }

  /**
   * A manager on the device, which the caller closes.
   *
   * @param model where the model says it is, for plans that name no device
   */
  public NDManager open(Device model) {
    return NDManager.newBaseManager(device == null ? model : device, "PyTorch");
  }
}
