package dev.fare.models.format.pickle;

import com.google.common.math.LongMath;
import dev.fare.io.ByteSource;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Reads the zip archives that {@code torch.save} and {@code torch.jit.save} write: a pickle of
 * references and an entry a storage. Code in an archive is never looked at.
 */
public final class TorchZipReader {

  private static final String PICKLE = "data.pkl";
  private static final int MAX_ENTRIES = 100_000;
  private static final long MAX_PICKLE_BYTES = 64L << 20;
  private static final long LEAST_PICKLE_BYTES = 1L << 20;

  /** PyTorch does not compress; nothing that is numbers shrinks to a hundredth. */
  private static final long MAX_RATIO = 100;

  private final Path file;
  private final ZipFile zip;

  private TorchZipReader(Path file, ZipFile zip) {
    this.file = file;
    this.zip = zip;
  }

  public static TorchFile read(Path file) throws IOException {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      return new TorchZipReader(file, zip).read();
    } catch (ZipException | EOFException e) {
      throw new ModelFormatException(
          file + ": the zip archive is damaged or cut off: " + e.getMessage(), e);
    }
  }

  private TorchFile read() throws IOException {
    ZipEntry pickle = checkEntries();
    String top = pickle.getName().substring(0, pickle.getName().length() - PICKLE.length());
    checkByteOrder(zip.getEntry(top + "byteorder"));
    Object root;
    try (InputStream in = zip.getInputStream(pickle)) {
      root =
          RestrictedUnpickler.load(
                  new BoundedInput(in, pickle.getSize()), file + "!" + pickle.getName())
              .root();
    }
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    Map<String, PickledTensor> found = TorchTensors.find(root, file.toString());
    TorchTensors.checkExpansion(found, Files.size(file), file.toString());
    for (Map.Entry<String, PickledTensor> entry : found.entrySet()) {
      PickledTensor tensor = entry.getValue();
      tensors.put(
          entry.getKey(),
          tensor.over(
              storage(top, tensor.storage(), entry.getKey()), entry.getKey(), file.toString()));
    }
    return new TorchFile(
        tensors, root instanceof ScriptObject module ? Optional.of(module) : Optional.empty());
  }

  /** Checks what the directory claims before anything is unpacked, and finds the one pickle. */
  private ZipEntry checkEntries() throws IOException {
    if (zip.size() > MAX_ENTRIES) {
      throw new ModelFormatException(
          file + ": an archive may have " + MAX_ENTRIES + " entries, this one has " + zip.size());
    }
    ZipEntry pickle = null;
    long packed = 0;
    for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
      ZipEntry entry = entries.nextElement();
      checkSize(entry);
      packed = LongMath.saturatedAdd(packed, entry.getCompressedSize());
      if (entry.getName().matches("[^/]+/" + PICKLE)) {
        if (pickle != null) {
          throw new ModelFormatException(
              file + ": there are two pickles, " + pickle.getName() + " and " + entry.getName());
        }
        pickle = entry;
      }
    }
    if (packed > Files.size(file)) {
      throw new ModelFormatException(file + ": entries of the archive overlap");
    }
    if (pickle == null) {
      throw new ModelFormatException(
          file
              + ": a zip archive of PyTorch has an entry <name>/"
              + PICKLE
              + ", this one has none");
    }
    // The numbers lie beside it: a pickle alone is never as large as the file.
    long allowed = Math.min(MAX_PICKLE_BYTES, Math.max(LEAST_PICKLE_BYTES, Files.size(file)));
    if (pickle.getSize() > allowed) {
      throw new ModelFormatException(
          file
              + ": the pickle may have up to "
              + allowed
              + " bytes here, it claims "
              + pickle.getSize());
    }
    return pickle;
  }

  private void checkSize(ZipEntry entry) throws ModelFormatException {
    long size = entry.getSize();
    long packed = entry.getCompressedSize();
    boolean isStored = entry.getMethod() == ZipEntry.STORED;
    if (size < 0 || packed < 0 || (isStored ? size != packed : size / MAX_RATIO > packed)) {
      throw new ModelFormatException(
          file
              + ": entry "
              + entry.getName()
              + " claims "
              + size
              + " bytes from "
              + packed
              + ", which no weights need");
    }
  }

  private ByteSource storage(String top, PickledStorage storage, String tensor)
      throws ModelFormatException {
    String name = top + "data/" + storage.key();
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new ModelFormatException(
          file + ": tensor '" + tensor + "' lies in " + name + ", which is missing");
    }
    if (storage.size() > entry.getSize() / storage.type().bytes()) {
      throw new ModelFormatException(
          file
              + ": tensor '"
              + tensor
              + "' lies in "
              + name
              + ", which must have "
              + storage.size()
              + " numbers of type "
              + storage.type()
              + " but has "
              + entry.getSize()
              + " bytes");
    }
    return new ZipSlice(file, name, entry.getSize());
  }

  private void checkByteOrder(@Nullable ZipEntry entry) throws IOException {
    if (entry == null) {
      return; // Files before 2023 don't say; they are little-endian.
    }
    try (InputStream in = zip.getInputStream(entry)) {
      String order = new String(in.readNBytes(16), StandardCharsets.US_ASCII);
      if (!order.equals("little")) {
        throw new ModelFormatException(
            file + ": numbers must be little-endian, this file has byte order " + order);
      }
    }
  }
}
