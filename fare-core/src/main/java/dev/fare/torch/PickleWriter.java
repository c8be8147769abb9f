package dev.fare.torch;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Pickles of protocol 2 as PyTorch reads them: plain values, objects of TorchScript classes, and
 * tensors whose numbers lie in entries of their own.
 */
final class PickleWriter {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final DataOutputStream out = new DataOutputStream(bytes);
  private final List<NDArray> tensors = new ArrayList<>();

  private PickleWriter() throws IOException {
    out.write(new byte[] {(byte) 0x80, 2}); // PROTO
  }

  /** The pickle of an object of a TorchScript class. */
  static PickleWriter of(TorchObject root) throws IOException {
    PickleWriter pickle = new PickleWriter();
    pickle.object(root);
    return pickle;
  }

  /** The pickle of a dictionary of tensors. */
  static PickleWriter of(Map<String, NDArray> tensors) throws IOException {
    PickleWriter pickle = new PickleWriter();
    pickle.out.write('}'); // EMPTY_DICT
    pickle.items(tensors);
    return pickle;
  }

  /** The pickle itself. */
  byte[] bytes() {
    byte[] whole = new byte[bytes.size() + 1];
    System.arraycopy(bytes.toByteArray(), 0, whole, 0, bytes.size());
    whole[bytes.size()] = '.'; // STOP
    return whole;
  }

  /** The tensors; the number of each is the name of its entry. */
  List<NDArray> tensors() {
    return tensors;
  }

  private void object(TorchObject object) throws IOException {
    global("__torch__", object.className());
    out.write(new byte[] {')', (byte) 0x81, '}'}); // EMPTY_TUPLE, NEWOBJ, EMPTY_DICT
    items(object.attributes());
    out.write('b'); // BUILD
  }

  private void items(Map<String, ?> items) throws IOException {
    for (Map.Entry<String, ?> item : items.entrySet()) {
      string(item.getKey());
      value(item.getKey(), item.getValue());
      out.write('s'); // SETITEM
    }
  }

  private void value(String name, Object value) throws IOException {
    if (value instanceof Boolean flag) {
      out.write(flag ? 0x88 : 0x89);
    } else if (value instanceof Integer number) {
      number(number);
    } else if (value instanceof Double number) {
      out.write('G'); // BINFLOAT, eight bytes, big endian
      out.writeDouble(number);
    } else if (value instanceof String text) {
      string(text);
    } else if (value instanceof NDArray tensor) {
      tensor(tensor);
    } else if (value instanceof List<?> list) {
      global("torch.jit._pickle", "build_tensorlist");
      out.write(new byte[] {']', '('}); // EMPTY_LIST, MARK
      for (Object item : list) {
        tensor((NDArray) item);
      }
      out.write(new byte[] {'e', (byte) 0x85, 'R'}); // APPENDS, TUPLE1, REDUCE
    } else if (value instanceof TorchObject object) {
      object(object);
    } else {
      throw new IllegalArgumentException(
          "attribute "
              + name
              + " must be a Boolean, Integer, Double, String, NDArray, list of NDArrays or"
              + " TorchObject, got "
              + value.getClass().getName());
    }
  }

  /** A contiguous float32 tensor over a storage of its own. */
  private void tensor(NDArray tensor) throws IOException {
    long[] shape = tensor.getShape().getShape();
    global("torch._utils", "_rebuild_tensor_v2");
    out.write(new byte[] {'(', '('}); // MARK, MARK
    string("storage");
    global("torch", "FloatStorage");
    string(Integer.toString(tensors.size()));
    string("cpu");
    number(tensor.size());
    out.write(new byte[] {'t', 'Q'}); // TUPLE, BINPERSID
    number(0);
    numbers(shape);
    numbers(strides(shape));
    out.write(0x89); // requires_grad
    global("collections", "OrderedDict");
    out.write(new byte[] {')', 'R', 't', 'R'}); // EMPTY_TUPLE, REDUCE, TUPLE, REDUCE
    tensors.add(tensor);
  }

  private static long[] strides(long[] shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= Math.max(1, shape[i]);
    }
    return strides;
  }

  private void numbers(long[] values) throws IOException {
    out.write('('); // MARK
    for (long value : values) {
      number(value);
    }
    out.write('t'); // TUPLE
  }

  private void number(long value) throws IOException {
    if (value == (int) value) {
      out.write('J'); // BININT, four bytes, little endian
      out.writeInt(Integer.reverseBytes((int) value));
    } else {
      out.write(new byte[] {(byte) 0x8a, Long.BYTES}); // LONG1, its length, little endian
      out.writeLong(Long.reverseBytes(value));
    }
  }

  private void global(String module, String name) throws IOException {
    out.write(("c" + module + "\n" + name + "\n").getBytes(UTF_8));
  }

  private void string(String text) throws IOException {
    byte[] encoded = text.getBytes(UTF_8);
    out.write('X'); // BINUNICODE
    out.writeInt(Integer.reverseBytes(encoded.length));
    out.write(encoded);
  }
}
