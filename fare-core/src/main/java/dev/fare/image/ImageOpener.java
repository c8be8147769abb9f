package dev.fare.image;

import java.io.IOException;

/**
 * How an item of a batch becomes an image: a decoder for paths, {@code PixelImage::of} for DJL's.
 */
@FunctionalInterface
public interface ImageOpener<T> {
  /** Opens one item; called from any thread. */
  PixelImage open(T item) throws IOException;
}
