package dev.fare.models.format.pickle;

import dev.fare.io.ByteSource;
import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * An entry of a zip archive, which is opened anew for each reading.
 *
 * @param file the archive
 * @param entry the name of the entry
 * @param length of the unpacked entry, in bytes
 */
record ZipSlice(Path file, String entry, long length) implements ByteSource {

  @Override
  public ReadableByteChannel open(long position) throws IOException {
    ZipFile zip = new ZipFile(file.toFile());
    try {
      ZipEntry found = zip.getEntry(entry);
      if (found == null || found.getSize() != length) {
        throw new ModelFormatException(file + ": " + entry + " has changed since it was opened");
      }
      InputStream in = zip.getInputStream(found);
      in.skipNBytes(position);
      return new EntryChannel(zip, Channels.newChannel(in));
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  private record EntryChannel(ZipFile zip, ReadableByteChannel bytes)
      implements ReadableByteChannel {
    @Override
    public int read(ByteBuffer target) throws IOException {
      return bytes.read(target);
    }

    @Override
    public boolean isOpen() {
      return bytes.isOpen();
    }

    @Override
    public void close() throws IOException {
      try (zip) {
        bytes.close();
      }
    }
  }
}
