package dev.fare.io;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;

/** Bytes in a file that are opened each time they are needed, so that nothing stays open. */
public interface ByteSource {

  /** The number of bytes. */
  long length();

  /** Opens the bytes for reading once, from the given one on; the caller closes the channel. */
  ReadableByteChannel open(long position) throws IOException;
}
