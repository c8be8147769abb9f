package dev.fare.data;

import dev.fare.image.Augmentation;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.nio.FloatBuffer;

/**
 * Pictures of any size, which are decoded and prepared when they are read. Immutable: what changes
 * the preparation returns another data set over the same pictures.
 *
 * <p>Preparation is open_clip's resize and centre crop at the encoder's size unless {@link
 * #preprocessing} says otherwise.
 *
 * @param <D> the data set itself
 */
public abstract class PictureDataset<D extends PictureDataset<D>> implements ImageDataset {

  private final PixelPipeline preparation;

  PictureDataset(PixelPipeline preparation) {
    this.preparation = preparation;
  }

  /** The same pictures with another preparation. */
  abstract D with(PixelPipeline newPreparation);

  /** Decodes a picture. */
  abstract PixelImage decode(int index, ImageDecoder decoder) throws IOException;

  /** A fingerprint of what the pictures are, without where they lie. */
  abstract String content();

  final PixelPipeline preparation() {
    return preparation;
  }

  /** The number of pictures, fingerprints of their content and labels, and their preparation. */
  @Override
  public final String identity() {
    return "%d pictures, content %s, labels %s, %s"
        .formatted(size(), content(), Fingerprint.ofLabels(this), preparation.description());
  }

  @Override
  public final String toString() {
    return description();
  }

  /**
   * The same pictures, preprocessed otherwise. Its size must then be the encoder's.
   *
   * @see ClipPreprocessing#huggingFace(int)
   */
  public final D preprocessing(ClipPreprocessing preprocessing) {
    return with(preparation.with(preprocessing));
  }

  /** The same pictures, augmented where a training reads them; not in evaluations. */
  public final D augmentation(Augmentation augmentation) {
    return with(preparation.with(augmentation));
  }

  /** The same pictures, read by a decoder of other limits. */
  public final D decoder(ImageDecoder decoder) {
    return with(preparation.with(decoder));
  }

  @Override
  public final D atEpoch(long epoch) {
    return with(preparation.atEpoch(epoch));
  }

  /**
   * A picture as its file has it, before preparation.
   *
   * @throws UnreadableImageException naming the file, if it can't be decoded
   */
  public final PixelImage picture(int index) throws IOException {
    return decode(index, preparation.decoder());
  }

  @Override
  public final void read(int index, int imageSize, FloatBuffer target) throws IOException {
    ClipPreprocessing pipeline = preparation.pipeline(imageSize);
    PixelImage picture = picture(index);
    PixelImage prepared;
    try {
      prepared = preparation.apply(picture, index, pipeline);
    } catch (IllegalArgumentException e) {
      throw new UnreadableImageException(name(index), String.valueOf(e.getMessage()), e);
    }
    prepared.writePlanes(target);
  }
}
