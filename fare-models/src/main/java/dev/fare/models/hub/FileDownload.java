package dev.fare.models.hub;

import dev.fare.models.hub.RepositoryInfo.RemoteFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The download of one file: into a partial file that a later try continues, checked by size and
 * checksum, then renamed into its place.
 */
final class FileDownload {

  private static final int CHUNK_BYTES = 1 << 20;

  private final HubConnection connection;
  private final String repository;
  private final String path;
  private final RemoteFile file;
  private final HubListener listener;
  private final int retries;
  private Optional<Checksum> checksum;
  private OptionalLong size;

  FileDownload(
      HubConnection connection,
      String repository,
      String path,
      RemoteFile file,
      HubListener listener,
      int retries) {
    this.connection = connection;
    this.repository = repository;
    this.path = path;
    this.file = file;
    this.listener = listener;
    this.retries = retries;
    this.checksum = file.checksum();
    this.size = file.size();
  }

  /**
   * Downloads into a place.
   *
   * @param partial where an earlier try may have left off
   * @return the file with the size and checksum that it was checked by
   * @throws HubException if the file can't be had whole; what arrived stays for the next try unless
   *     its checksum is wrong
   */
  RemoteFile to(Path target, Path partial) throws IOException {
    long before = -1;
    int tries = 0;
    while (true) {
      try {
        receive(partial);
        verify(partial);
        publish(partial, target);
        return new RemoteFile(file.name(), OptionalLong.of(Files.size(target)), checksum);
      } catch (HubException e) {
        throw e;
      } catch (IOException e) {
        long now = Files.exists(partial) ? Files.size(partial) : 0;
        // Only tries that bring little count: a bad line may break off a large file many times.
        tries = now - before >= connection.pace().bytes() ? 1 : tries + 1;
        before = now;
        if (tries > retries) {
          throw new HubException(
              repository
                  + ": "
                  + file.name()
                  + " could not be downloaded in "
                  + tries
                  + " tries: "
                  + e.getMessage()
                  + "; what has arrived is kept, try again later",
              e);
        }
        connection.waitAfter(e, tries);
      }
    }
  }

  private void receive(Path partial) throws IOException {
    long have = Files.exists(partial) ? Files.size(partial) : 0;
    if (size.isPresent() && have == size.getAsLong() && Files.exists(partial)) {
      return;
    }
    if (size.isPresent() && have > size.getAsLong()) {
      Files.delete(partial);
      have = 0;
    }
    HttpURLConnection response = connection.open(path, repository, have);
    try {
      if (response.getResponseCode() == 416) {
        Files.deleteIfExists(partial);
        throw new IOException("the hub has no bytes from " + have + " on");
      }
      if (response.getResponseCode() == 206 && rangeStart(response) != have) {
        throw new IOException("the hub sent another range than was asked for");
      }
      long from = response.getResponseCode() == 206 ? have : 0;
      learn(response, from);
      copy(response, partial, from);
    } finally {
      response.disconnect();
    }
  }

  /** Size and checksum stand in the answer as well, where the list of files has none. */
  private void learn(HttpURLConnection response, long from) {
    String linked = response.getHeaderField("X-Linked-Etag");
    String tag = linked == null ? response.getHeaderField("ETag") : linked;
    if (checksum.isEmpty() && tag != null) {
      checksum = Checksum.of(tag.replace("W/", "").replace("\"", ""));
    }
    long length = response.getContentLengthLong();
    if (size.isEmpty() && length >= 0) {
      size = OptionalLong.of(from + length);
    }
  }

  private void copy(HttpURLConnection response, Path partial, long from) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    long total = size.orElse(Long.MAX_VALUE);
    try (InputStream in = connection.pace().keptBy(response.getInputStream());
        FileChannel out =
            FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      out.truncate(from).position(from);
      long have = from;
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        if (count > total - have) {
          out.truncate(0);
          throw new IOException("the hub sends more than the " + total + " bytes of the file");
        }
        for (ByteBuffer bytes = ByteBuffer.wrap(chunk, 0, count); bytes.hasRemaining(); ) {
          out.write(bytes);
        }
        have += count;
        listener.progress(file.name(), have, size.orElse(-1));
      }
      out.force(true);
      if (size.isPresent() && have < total) {
        throw new IOException("the hub broke off after " + have + " of " + total + " bytes");
      }
    }
  }

  private void verify(Path partial) throws IOException {
    if (checksum.isEmpty()) {
      Files.delete(partial);
      throw new HubException(
          repository
              + ": the hub gives no checksum of "
              + file.name()
              + ", so it can't be trusted");
    }
    if (!checksum.get().matches(partial)) {
      Files.delete(partial);
      throw new IOException(
          "what arrived does not have the checksum " + checksum.get().hex() + " and was deleted");
    }
  }

  private static void publish(Path partial, Path target) throws IOException {
    Path parent = target.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Files.move(
        partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static long rangeStart(HttpURLConnection response) {
    String range = response.getHeaderField("Content-Range");
    return Stream.ofNullable(range)
        .filter(text -> text.matches("bytes [0-9]{1,18}-.*"))
        .mapToLong(text -> Long.parseLong(text.substring(6, text.indexOf('-'))))
        .findFirst()
        .orElse(-1);
  }
}
