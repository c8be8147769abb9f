package dev.fare.io;

import java.io.IOException;
import java.io.InputStream;

/** Bytes in a file that are opened each time they are needed, so that nothing stays open. */
public interface ByteSource {

  /** The number of bytes. */
  long length();

  /** Opens the bytes for reading once, from the given one on; the caller closes the stream. */
  InputStream open(long position) throws IOException;
}
