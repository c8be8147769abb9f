package dev.fare.examples.emoji;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.gson.Gson;
import java.awt.image.BufferedImage;
import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/**
 * The embedded artwork: every concept drawn in both {@linkplain EmojiStyle styles}. Immutable, so
 * one pack can be shared by threads.
 *
 * <p>The artwork is Noto Emoji (Apache-2.0, by Google) and Twemoji (CC BY 4.0, by Twitter, Inc. and
 * other contributors), downscaled; {@code NOTICE.md} beside the data says so in full. {@link
 * EmojiPackBuilder} rebuilds the files.
 */
public final class EmojiPack {
  static final String CONCEPTS = "concepts.json";

  /** The content of {@code concepts.json}. */
  record Index(int cellSize, int columns, List<EmojiConcept> concepts) {}

  private final ImmutableList<EmojiConcept> concepts;
  private final ImmutableMap<EmojiStyle, ImmutableList<Artwork>> artwork;

  private EmojiPack(
      ImmutableList<EmojiConcept> concepts,
      ImmutableMap<EmojiStyle, ImmutableList<Artwork>> artwork) {
    this.concepts = concepts;
    this.artwork = artwork;
  }

  /**
   * Reads the pack from the class path; takes a few hundred milliseconds and about 40 MB.
   *
   * @throws UncheckedIOException if a file of the pack is missing or unreadable
   */
  public static EmojiPack load() {
    try {
      Index index = readIndex();
      if (index.cellSize() != Artwork.SIZE) {
        throw new IOException(
            "cells must be %d pixels wide, %s says %d; rebuild the pack with EmojiPackBuilder"
                .formatted(Artwork.SIZE, CONCEPTS, index.cellSize()));
      }
      Map<EmojiStyle, ImmutableList<Artwork>> artwork = new EnumMap<>(EmojiStyle.class);
      for (EmojiStyle style : EmojiStyle.values()) {
        artwork.put(style, readSheet(style, index));
      }
      return new EmojiPack(ImmutableList.copyOf(index.concepts()), ImmutableMap.copyOf(artwork));
    } catch (IOException e) {
      throw new UncheckedIOException("the embedded emoji pack can't be read", e);
    }
  }

  /** All concepts in label order. */
  public List<EmojiConcept> concepts() {
    return concepts;
  }

  /** The class names in label order. */
  public List<String> names() {
    return concepts.stream().map(EmojiConcept::name).toList();
  }

  /** The drawing of one concept in one style. */
  public Artwork artwork(EmojiPair pair) {
    ImmutableList<Artwork> drawings = artwork.get(pair.style());
    if (drawings == null || pair.concept() < 0 || pair.concept() >= concepts.size()) {
      throw new IllegalArgumentException(
          "concept must be in [0, " + concepts.size() + "), got " + pair.concept());
    }
    return drawings.get(pair.concept());
  }

  private static Index readIndex() throws IOException {
    try (InputStreamReader reader = new InputStreamReader(open(CONCEPTS), StandardCharsets.UTF_8)) {
      return new Gson().fromJson(reader, Index.class);
    }
  }

  private static ImmutableList<Artwork> readSheet(EmojiStyle style, Index index)
      throws IOException {
    BufferedImage sheet;
    try (InputStream in = open(style.sheet())) {
      sheet = ImageIO.read(in);
    }
    ImmutableList.Builder<Artwork> drawings = ImmutableList.builder();
    for (EmojiConcept concept : index.concepts()) {
      int x = concept.cell() % index.columns() * index.cellSize();
      int y = concept.cell() / index.columns() * index.cellSize();
      drawings.add(
          premultiplied(sheet.getRGB(x, y, Artwork.SIZE, Artwork.SIZE, null, 0, Artwork.SIZE)));
    }
    return drawings.build();
  }

  private static Artwork premultiplied(int[] argb) {
    float[] rgba = new float[argb.length * 4];
    for (int i = 0; i < argb.length; i++) {
      float alpha = (argb[i] >>> 24) / 255f;
      rgba[4 * i] = (argb[i] >> 16 & 255) / 255f * alpha;
      rgba[4 * i + 1] = (argb[i] >> 8 & 255) / 255f * alpha;
      rgba[4 * i + 2] = (argb[i] & 255) / 255f * alpha;
      rgba[4 * i + 3] = alpha;
    }
    return new Artwork(rgba);
  }

  private static InputStream open(String name) throws IOException {
    InputStream in = EmojiPack.class.getResourceAsStream(name);
    if (in == null) {
      throw new FileNotFoundException(name + " is not on the class path beside EmojiPack");
    }
    return new BufferedInputStream(in);
  }
}
