package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Samples in tar archives, as the Python library webdataset writes and reads them: neighbouring
 * files whose names are the same up to the first dot are one sample, such as {@code 0001.jpg} and
 * {@code 0001.cls}.
 *
 * <pre>{@code
 * WebDataset data = WebDataset.of("shards/train-{000..012}.tar");
 * }</pre>
 *
 * <p>The headers are read once; images are then read from their place in the archive, so that the
 * order can be shuffled as a whole. Archives must not be compressed. Immutable and safe for use
 * from many threads: each read opens the archive for itself.
 *
 * <p>A sample needs a picture (jpg, jpeg, png, webp, bmp, gif, tif or tiff); other samples are
 * passed over, and so are files whose name begins with a dot, and links. Its label is its {@code
 * cls} file, a whole number, or a member of its {@code json} file where {@link Builder#labelMember}
 * names one. A {@code txt} file is its {@link #text}.
 */
public final class WebDataset extends PictureDataset<WebDataset> {

  private final List<Path> shards;
  private final List<TarSample> samples;
  private final ClassLabels labels;
  private final String fingerprint;

  private WebDataset(
      List<Path> shards,
      List<TarSample> samples,
      ClassLabels labels,
      String fingerprint,
      PixelPipeline preparation) {
    super(preparation);
    this.shards = shards;
    this.samples = samples;
    this.labels = labels;
    this.fingerprint = fingerprint;
  }

  /**
   * Reads the headers of archives.
   *
   * @param pattern a path, in which braces stand for many: {@code {000..012}} or {@code {a,b}}
   * @throws IOException naming the archive, if one is absent, damaged or cut off
   * @throws IllegalArgumentException if there is no picture in them
   */
  public static WebDataset of(String pattern) throws IOException {
    return builder(pattern).build();
  }

  /** The same with settings. */
  public static Builder builder(String pattern) {
    return builder(ShardPattern.expand(pattern).stream().map(Path::of).toList());
  }

  /** The same of given archives, in their order. */
  public static Builder builder(List<Path> shards) {
    return new Builder(shards);
  }

  @Override
  WebDataset with(PixelPipeline newPreparation) {
    return new WebDataset(shards, samples, labels, fingerprint, newPreparation);
  }

  @Override
  public int size() {
    return samples.size();
  }

  /** The name of a sample up to the first dot, its folder included. */
  public String key(int index) {
    return samples.get(index).key();
  }

  /**
   * A sample's {@code txt} file: a caption, for example.
   *
   * @throws IOException if it can't be read, or is longer than 64 KiB
   */
  public Optional<String> text(int index) throws IOException {
    TarSample sample = samples.get(index);
    TarSample.Member text = sample.text();
    return text == null
        ? Optional.empty()
        : Optional.of(new String(text.read(sample.shard(), TarSample.MAX_TEXT_BYTES), UTF_8));
  }

  @Override
  public String name(int index) {
    TarSample sample = samples.get(index);
    return sample.shard() + "#" + sample.key();
  }

  @Override
  PixelImage decode(int index, ImageDecoder decoder) throws IOException {
    TarSample sample = samples.get(index);
    try {
      return decoder.decode(
          sample.picture().read(sample.shard(), decoder.maxFileBytes()), name(index));
    } catch (TarSample.TooLargeException e) {
      throw new UnreadableImageException(name(index), String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  String content() {
    return fingerprint;
  }

  @Override
  public OptionalInt label(int index) {
    return labels.at(index);
  }

  @Override
  public List<String> classNames() {
    return labels.names();
  }

  @Override
  public String description() {
    return "WebDataset[%d archives from %s, %d images, %d classes, headers %s, %s]"
        .formatted(
            shards.size(),
            shards.get(0),
            size(),
            classNames().size(),
            fingerprint,
            preparation().description());
  }

  /** Settings of a {@link WebDataset}. */
  public static final class Builder {
    private final List<Path> shards;
    private @Nullable String labelMember;
    private List<String> classNames = List.of();

    private Builder(List<Path> shards) {
      checkArgument(!shards.isEmpty(), "there are no archives");
      this.shards = List.copyOf(shards);
    }

    /** Takes labels from a member of the {@code json} files, a string or a whole number. */
    public Builder labelMember(String member) {
      labelMember = member;
      return this;
    }

    /**
     * The classes in the order of the numbers. Without them labels that are whole numbers keep
     * their value, and other labels are classes in the order of their names.
     */
    public Builder classNames(List<String> names) {
      classNames = List.copyOf(names);
      return this;
    }

    /**
     * Reads the headers.
     *
     * @throws IOException naming the archive, if one is absent, damaged or cut off
     * @throws IllegalArgumentException if there is no picture, only some have labels, or a label is
     *     none of the classes
     */
    public WebDataset build() throws IOException {
      List<TarSample> samples = new ArrayList<>();
      for (Path shard : shards) {
        try {
          samples.addAll(TarSample.index(shard));
        } catch (IOException e) {
          throw new IOException("can't use the archive " + shard + ": " + e, e);
        }
      }
      checkArgument(!samples.isEmpty(), "there is no picture in %s", shards);
      ClassLabels labels = labels(samples);
      Fingerprint headers = new Fingerprint();
      for (TarSample sample : samples) {
        headers.add(sample.key()).add(sample.picture().size());
      }
      return new WebDataset(
          shards,
          List.copyOf(samples),
          classNames.isEmpty() ? labels : labels.withNames(classNames),
          headers.digits(),
          PixelPipeline.PLAIN);
    }

    private ClassLabels labels(List<TarSample> samples) {
      List<Optional<String>> written = new ArrayList<>();
      for (TarSample sample : samples) {
        try {
          written.add(labelMember == null ? sample.classNumber() : sample.jsonLabel(labelMember));
        } catch (IOException | IllegalArgumentException e) {
          throw new IllegalArgumentException(
              "can't use the label of %s in %s: %s"
                  .formatted(sample.key(), sample.shard(), e.getMessage()),
              e);
        }
      }
      return ClassLabels.of(
          written,
          index -> "sample " + samples.get(index).key() + " of " + samples.get(index).shard());
    }
  }
}
