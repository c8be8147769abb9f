package dev.fare.examples.emoji;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.collect.ImmutableMap;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rebuilds the embedded artwork from two npm packages; the same input gives the same bytes.
 *
 * <pre>
 * npm pack emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0
 * EmojiPackBuilder emoji-datasource-google-16.0.0.tgz emoji-datasource-twitter-16.0.0.tgz OUTPUT_FOLDER
 * </pre>
 */
public final class EmojiPackBuilder {
  private static final Logger log = LoggerFactory.getLogger(EmojiPackBuilder.class);
  private static final int COLUMNS = 24;
  private static final String CATALOGUE = "emoji.json";
  private static final ImmutableMap<EmojiStyle, String> IMAGE_FOLDERS =
      ImmutableMap.of(EmojiStyle.NOTO, "img/google/64/", EmojiStyle.TWEMOJI, "img/twitter/64/");

  private static final String NOTICE =
      """
      # The artwork in this folder

      `noto.png` is made from **Noto Emoji**, by Google, v2.048
      (https://github.com/googlefonts/noto-emoji), licensed under the Apache License, Version 2.0
      (`LICENSE-APACHE-2.0.txt` in this folder, http://www.apache.org/licenses/LICENSE-2.0).

      `twemoji.png` is made from **Twemoji**, Copyright Twitter, Inc. and other contributors, v16.0.1
      (https://github.com/jdecked/twemoji), licensed under the Creative Commons Attribution 4.0
      International licence (https://creativecommons.org/licenses/by/4.0/).

      Both were taken from the npm packages `emoji-datasource-google` and `emoji-datasource-twitter`,
      version 16.0.0 (https://github.com/iamcal/emoji-data, MIT licence, Copyright (c) 2013 Cal
      Henderson), whose catalogue is also the source of `concepts.json`.

      **Changes made:** %d emoji were selected; their 64×64 pictures were downscaled to 48×48 pixels by
      area averaging and packed into one sheet a style; some were given plainer English names. Programs
      that use the pack place the artwork on backgrounds and distort its geometry and colours. No
      endorsement by the artists is implied.
      """;

  private EmojiPackBuilder() {}

  /**
   * Arguments: the two packages (.tgz or extracted folder), Google's first, and the output folder.
   */
  public static void main(String[] args) throws IOException {
    if (args.length != 3) {
      throw new IllegalArgumentException(
          "expected 3 arguments, got " + args.length + ": GOOGLE_TGZ TWITTER_TGZ OUTPUT_FOLDER");
    }
    build(
        ImmutableMap.of(EmojiStyle.NOTO, Path.of(args[0]), EmojiStyle.TWEMOJI, Path.of(args[1])),
        Path.of(args[2]));
  }

  /** Writes the two sheets, {@code concepts.json} and {@code NOTICE.md} into {@code output}. */
  static void build(Map<EmojiStyle, Path> packages, Path output) throws IOException {
    Files.createDirectories(output);
    ArtworkSource google = new ArtworkSource(require(packages, EmojiStyle.NOTO));
    List<CatalogueEntry> entries = select(google);
    List<EmojiConcept> concepts = new ArrayList<>();
    for (CatalogueEntry entry : entries) {
      int index = concepts.size();
      concepts.add(
          new EmojiConcept(index, entry.className(), entry.category(), entry.unified(), index));
    }
    for (EmojiStyle style : EmojiStyle.values()) {
      ArtworkSource source = new ArtworkSource(require(packages, style));
      write(output.resolve(style.sheet()), sheet(source, require(IMAGE_FOLDERS, style), entries));
    }
    write(output.resolve(EmojiPack.CONCEPTS), json(concepts));
    write(output.resolve("NOTICE.md"), NOTICE.formatted(concepts.size()).getBytes(UTF_8));
    log.info("packed {} concepts into {}", concepts.size(), output);
  }

  private record CatalogueEntry(
      int order, String unified, String shortName, String name, String category, String image) {

    String className() {
      return EmojiSelection.className(name, shortName);
    }
  }

  private static List<CatalogueEntry> select(ArtworkSource source) throws IOException {
    byte[] catalogue = require(source.read(Set.of(CATALOGUE)), CATALOGUE);
    List<CatalogueEntry> all = new ArrayList<>();
    for (JsonElement element :
        JsonParser.parseString(new String(catalogue, UTF_8)).getAsJsonArray()) {
      all.add(entry(element.getAsJsonObject()));
    }
    Set<String> known = all.stream().map(CatalogueEntry::shortName).collect(Collectors.toSet());
    Set<String> unknown = new HashSet<>(EmojiSelection.mentioned());
    unknown.removeAll(known);
    if (!unknown.isEmpty()) {
      throw new IllegalStateException("the catalogue has no emoji called " + unknown);
    }
    List<CatalogueEntry> selected =
        all.stream()
            .filter(entry -> EmojiSelection.includes(entry.category(), entry.shortName()))
            .sorted(Comparator.comparingInt(CatalogueEntry::order))
            .toList();
    Set<String> names = new HashSet<>();
    for (CatalogueEntry entry : selected) {
      if (!names.add(entry.className())) {
        throw new IllegalStateException("two emoji are called \"" + entry.className() + "\"");
      }
    }
    return selected;
  }

  private static CatalogueEntry entry(JsonObject json) {
    return new CatalogueEntry(
        json.get("sort_order").getAsInt(),
        json.get("unified").getAsString(),
        json.get("short_name").getAsString(),
        json.get("name").getAsString(),
        json.get("category").getAsString(),
        json.get("image").getAsString());
  }

  private static byte[] sheet(ArtworkSource source, String folder, List<CatalogueEntry> entries)
      throws IOException {
    Map<String, byte[]> files =
        source.read(
            entries.stream().map(entry -> folder + entry.image()).collect(Collectors.toSet()));
    int rows = (entries.size() + COLUMNS - 1) / COLUMNS;
    int size = Artwork.SIZE;
    BufferedImage sheet =
        new BufferedImage(COLUMNS * size, rows * size, BufferedImage.TYPE_INT_ARGB);
    for (int cell = 0; cell < entries.size(); cell++) {
      byte[] png = require(files, folder + entries.get(cell).image());
      BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
      int[] argb = AreaDownscale.argb(picture, size);
      sheet.setRGB(cell % COLUMNS * size, cell / COLUMNS * size, size, size, argb, 0, size);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(sheet, "png", bytes);
    return bytes.toByteArray();
  }

  private static byte[] json(List<EmojiConcept> concepts) {
    Gson gson = new GsonBuilder().disableHtmlEscaping().create();
    String lines =
        concepts.stream()
            .map(gson::toJson)
            .collect(Collectors.joining(",\n    ", "\n    ", "\n  "));
    return "{\n  \"cellSize\": %d,\n  \"columns\": %d,\n  \"concepts\": [%s]\n}\n"
        .formatted(Artwork.SIZE, COLUMNS, lines)
        .getBytes(UTF_8);
  }

  private static void write(Path file, byte[] bytes) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    Files.write(temporary, bytes);
    Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
  }

  private static <K, V> V require(Map<K, V> map, K key) {
    V value = map.get(key);
    if (value == null) {
      throw new IllegalArgumentException("missing: " + key);
    }
    return value;
  }
}
