package dev.fare.models.format.pickle;

import dev.fare.io.ByteSource;
import dev.fare.io.ModelFormatException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
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
  public InputStream open(long position) throws IOException {
    ZipFile zip = new ZipFile(file.toFile());
    try {
      ZipEntry found = zip.getEntry(entry);
      if (found == null || found.getSize() != length) {
        throw new ModelFormatException(file + ": " + entry + " has changed since it was opened");
      }
      InputStream in = zip.getInputStream(found);
      in.skipNBytes(position);
      return new FilterInputStream(in) {
        @Override
        public void close() throws IOException {
          zip.close();
        }
      };
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
  }
}
