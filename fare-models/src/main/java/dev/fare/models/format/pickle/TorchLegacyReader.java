package dev.fare.models.format.pickle;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.fare.io.FileSlice;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.pickle.RestrictedUnpickler.Pickle;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads what {@code torch.save} wrote before 2020: four pickles, the list of storages, and their
 * bytes one after another, each behind its count.
 */
public final class TorchLegacyReader {

  /** The number 0x1950a86a20f9469cfc6c, pickled. */
  private static final byte[] MAGIC = {
    (byte) 0x80,
    2,
    (byte) 0x8a,
    10,
    0x6c,
    (byte) 0xfc,
    (byte) 0x9c,
    0x46,
    (byte) 0xf9,
    0x20,
    0x6a,
    (byte) 0xa8,
    0x50,
    0x19,
    '.'
  };

  private static final int PROTOCOL = 1001;
  private static final long MAX_PICKLE_BYTES = 64L << 20;

  private TorchLegacyReader() {}

  /** Whether a file starts as this format does. */
  public static boolean accepts(byte[] start) {
    return start.length >= MAGIC.length
        && Arrays.equals(start, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
  }

  public static Map<String, LazyTensor> read(Path file) throws IOException {
    String origin = file.toString();
    long length = Files.size(file);
    Pickle state;
    Object keys;
    long position;
    try (InputStream in = Files.newInputStream(file)) {
      BoundedInput input = new BoundedInput(in, Math.min(length, MAX_PICKLE_BYTES));
      input.skipNBytes(MAGIC.length);
      checkPreamble(input, origin);
      state = RestrictedUnpickler.load(input, origin);
      keys = RestrictedUnpickler.load(input, origin).root();
      position = input.position();
    }
    Map<String, FileSlice> storages = locate(file, position, length, keys, state.storages());
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    Map<String, PickledTensor> found = TorchTensors.find(state.root(), origin);
    TorchTensors.checkExpansion(found, length, origin);
    for (Map.Entry<String, PickledTensor> entry : found.entrySet()) {
      FileSlice bytes = storages.get(entry.getValue().storage().key());
      if (bytes == null) {
        throw new ModelFormatException(
            origin + ": the storage of tensor '" + entry.getKey() + "' is not in the list");
      }
      tensors.put(entry.getKey(), entry.getValue().over(bytes, entry.getKey(), origin));
    }
    return tensors;
  }

  private static void checkPreamble(BoundedInput input, String origin) throws IOException {
    if (!Integer.valueOf(PROTOCOL).equals(RestrictedUnpickler.load(input, origin).root())) {
      throw new ModelFormatException(origin + ": unknown protocol of torch.save");
    }
    Object system = RestrictedUnpickler.load(input, origin).root();
    if (!(system instanceof Map<?, ?> info) || !Boolean.TRUE.equals(info.get("little_endian"))) {
      throw new ModelFormatException(origin + ": numbers must be little-endian");
    }
  }

  /** Walks over the storages, each of which lies behind its count. */
  private static Map<String, FileSlice> locate(
      Path file, long start, long length, Object keys, Map<String, PickledStorage> storages)
      throws IOException {
    if (!(keys instanceof List<?> list)) {
      throw new ModelFormatException(file + ": the list of storages is missing");
    }
    Map<String, FileSlice> located = new HashMap<>();
    long position = start;
    try (InputStream in = new FileSlice(file, start, length - start).open(0)) {
      for (Object key : list) {
        PickledStorage storage = key instanceof String name ? storages.get(name) : null;
        if (storage == null) {
          throw new ModelFormatException(file + ": there is a storage that no tensor refers to");
        }
        byte[] count = in.readNBytes(Long.BYTES);
        long left = length - position - Long.BYTES;
        if (count.length != Long.BYTES
            || ByteBuffer.wrap(count).order(LITTLE_ENDIAN).getLong() != storage.size()
            || storage.size() > left / storage.type().bytes()) {
          throw new ModelFormatException(
              file
                  + ": storage "
                  + storage.key()
                  + " must have "
                  + storage.size()
                  + " numbers of type "
                  + storage.type()
                  + " at byte "
                  + position
                  + " of "
                  + length
                  + "; the file is damaged or cut off");
        }
        long bytes = storage.size() * storage.type().bytes();
        located.put(storage.key(), new FileSlice(file, position + Long.BYTES, bytes));
        in.skipNBytes(bytes);
        position += Long.BYTES + bytes;
      }
    }
    return located;
  }
}
