package dev.fare.models.hub;

/** Is told how a download goes on, in the thread that asked for it. */
@FunctionalInterface
public interface HubListener {

  /**
   * Some bytes of a file have arrived, or the last ones.
   *
   * @param file name in the repository
   * @param bytes so far, those of an earlier try included
   * @param totalBytes of the whole file
   */
  void progress(String file, long bytes, long totalBytes);
}
