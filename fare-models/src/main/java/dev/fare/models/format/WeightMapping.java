package dev.fare.models.format;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.LazyTensor;
import dev.fare.io.StoredTensor;
import java.io.IOException;
import java.util.List;

/**
 * How a canonical tensor lies in another layout: as it is, transposed, or in parts that are joined
 * along the first dimension.
 *
 * @param parts the names in the other layout, in their order
 * @param isTransposed whether rows and columns change places
 */
public record WeightMapping(List<String> parts, boolean isTransposed) {

  public WeightMapping {
    parts = List.copyOf(parts);
    checkArgument(parts.size() == 1 || !isTransposed, "parts can't be transposed: %s", parts);
  }

  public static WeightMapping copyOf(String name) {
    return new WeightMapping(List.of(name), false);
  }

  public static WeightMapping transposeOf(String name) {
    return new WeightMapping(List.of(name), true);
  }

  public static WeightMapping joinOf(String... names) {
    return new WeightMapping(List.of(names), false);
  }

  /** The shape of each part, given the canonical tensor's. */
  Shape partShape(Shape shape) {
    if (isTransposed) {
      return new Shape(shape.get(1), shape.get(0));
    }
    if (parts.size() == 1) {
      return shape;
    }
    long[] dimensions = shape.getShape().clone();
    dimensions[0] /= parts.size();
    return new Shape(dimensions);
  }

  /** The canonical tensor made of stored parts, when it is read. */
  LazyTensor assemble(Shape shape, List<LazyTensor> stored) {
    if (isTransposed) {
      return new Transposed(shape, stored.get(0));
    }
    return stored.size() == 1 ? stored.get(0) : new Joined(shape, stored);
  }

  /** The parts of a canonical tensor, as views where that is possible. */
  public NDList split(NDArray canonical) {
    if (isTransposed) {
      return new NDList(canonical.transpose());
    }
    return parts.size() == 1 ? new NDList(canonical) : canonical.split(parts.size());
  }

  private record Transposed(Shape shape, LazyTensor stored) implements LazyTensor {
    @Override
    public NDArray read(NDManager manager) throws IOException {
      try (NDManager scope = manager.newSubManager()) {
        // Flattening a transposed view copies it into row-major order.
        NDArray array = stored.read(scope).transpose().reshape(-1).reshape(shape);
        array.attach(manager);
        return array;
      }
    }
  }

  private record Joined(Shape shape, List<LazyTensor> stored) implements LazyTensor {
    @Override
    public NDArray read(NDManager manager) throws IOException {
      NDArray array = manager.create(shape, DataType.FLOAT32);
      boolean isOnCpu = manager.getDevice().equals(Device.cpu());
      long from = 0;
      for (LazyTensor part : stored) {
        long to = from + part.shape().get(0);
        NDIndex rows = new NDIndex().addSliceDim(from, to);
        try (NDManager scope = manager.newSubManager()) {
          if (isOnCpu && part instanceof StoredTensor direct) {
            // In its place at once: what parts leave behind between large tensors, the process
            // keeps.
            NDArray view = array.get(rows);
            view.attach(scope);
            direct.readInto(view);
          } else {
            array.set(rows, part.read(scope));
          }
        } catch (IOException | RuntimeException e) {
          array.close();
          throw e;
        }
        from = to;
      }
      return array;
    }
  }
}
