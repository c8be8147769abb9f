package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import java.util.List;
import java.util.OptionalInt;

/**
 * Decoded pictures of any size in memory, prepared when they are read. For pixels that are already
 * as the encoder takes them there is {@link InMemoryImages}.
 */
public final class InMemoryPictures extends PictureDataset<InMemoryPictures> {

  private final String origin;
  private final List<PixelImage> pictures;
  private final int[] labels;
  private final List<String> classNames;
  private final String fingerprint;

  private InMemoryPictures(
      String origin,
      List<PixelImage> pictures,
      int[] labels,
      List<String> classNames,
      String fingerprint,
      PixelPipeline preparation) {
    super(preparation);
    this.origin = origin;
    this.pictures = pictures;
    this.labels = labels;
    this.classNames = classNames;
    this.fingerprint = fingerprint;
  }

  /**
   * Pictures without labels.
   *
   * @param origin where they are from, for descriptions and messages
   */
  public static InMemoryPictures of(String origin, List<PixelImage> pictures) {
    checkArgument(!pictures.isEmpty(), "%s holds no pictures", origin);
    Hasher hasher = Hashing.murmur3_128().newHasher();
    for (PixelImage picture : pictures) {
      hasher.putInt(picture.width()).putInt(picture.height()).putBytes(picture.bytes());
    }
    return new InMemoryPictures(
        origin,
        List.copyOf(pictures),
        new int[0],
        List.of(),
        hasher.hash().toString().substring(0, 16),
        PixelPipeline.PLAIN);
  }

  /**
   * The same pictures with labels.
   *
   * @param newLabels one per picture, each an index into {@code newClassNames}
   */
  public InMemoryPictures labels(int[] newLabels, List<String> newClassNames) {
    Labels.check(newLabels, size(), newClassNames);
    return new InMemoryPictures(
        origin,
        pictures,
        newLabels.clone(),
        List.copyOf(newClassNames),
        fingerprint,
        preparation());
  }

  @Override
  InMemoryPictures with(PixelPipeline newPreparation) {
    return new InMemoryPictures(origin, pictures, labels, classNames, fingerprint, newPreparation);
  }

  @Override
  public int size() {
    return pictures.size();
  }

  @Override
  public String name(int index) {
    return "picture " + index + " of " + origin;
  }

  @Override
  PixelImage decode(int index, ImageDecoder decoder) {
    return pictures.get(index);
  }

  @Override
  String content() {
    return fingerprint;
  }

  @Override
  public OptionalInt label(int index) {
    return Labels.at(labels, index, size());
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public String description() {
    return "%s [%d pictures, %d classes, pixels %s, %s]"
        .formatted(origin, size(), classNames.size(), fingerprint, preparation().description());
  }
}
