package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Images and the sentences that describe them, one or more for each: what image-text retrieval is
 * measured on. Immutable.
 *
 * <p>Paths in a list are relative to the list's own folder unless another is given.
 */
public final class CaptionedImages {

  private record Pair(String path, List<String> captions) {}

  private final ImageSubset images;
  private final ImmutableList<ImmutableList<String>> captions;

  private CaptionedImages(ImageSubset images, ImmutableList<ImmutableList<String>> captions) {
    this.images = images;
    this.captions = captions;
  }

  /**
   * Captions of any images.
   *
   * @param captions for each image its sentences, at least one
   * @throws IllegalArgumentException if their numbers differ, or naming the image without a caption
   */
  public static CaptionedImages of(ImageDataset images, List<? extends List<String>> captions) {
    checkArgument(
        images.size() == captions.size(),
        "there must be captions for each of the %s images, got %s",
        images.size(),
        captions.size());
    for (int image = 0; image < captions.size(); image++) {
      checkArgument(
          !captions.get(image).isEmpty() && captions.get(image).stream().noneMatch(String::isBlank),
          "%s must have captions and none of them blank, got %s",
          images.name(image),
          captions.get(image));
    }
    return new CaptionedImages(
        ImageSubset.where(images, image -> true),
        captions.stream().map(ImmutableList::copyOf).collect(ImmutableList.toImmutableList()));
  }

  /** Reads comma-separated values with a header that names the columns path and caption. */
  public static CaptionedImages csv(Path list) throws IOException {
    return csv(list, ',', "path", "caption", ListFile.folderOf(list));
  }

  /**
   * Reads separated values (RFC 4180) with a header; lines of the same path are captions of one
   * image.
   *
   * @param pathColumn the column of the paths, say {@code filepath}
   * @param captionColumn the column of the sentences, say {@code title}
   * @param folder what the paths are relative to
   * @throws IOException if the list can't be read
   * @throws IllegalArgumentException naming the line, if it is not such a list
   */
  public static CaptionedImages csv(
      Path list, char separator, String pathColumn, String captionColumn, Path folder)
      throws IOException {
    return of(
        list,
        folder,
        ListFile.rows(
            list,
            separator,
            List.of(pathColumn, captionColumn),
            (line, row) ->
                new Pair(
                    row.field(pathColumn).orElseThrow(),
                    List.of(row.field(captionColumn).orElseThrow()))));
  }

  /** Reads JSON lines, objects with the members path and caption. */
  public static CaptionedImages jsonLines(Path list) throws IOException {
    return jsonLines(list, "path", "caption", ListFile.folderOf(list));
  }

  /**
   * Reads JSON lines, one object a line; lines of the same path are captions of one image.
   *
   * @param captionMember the member that holds the caption, a string or an array of strings
   * @param folder what the paths are relative to
   * @throws IOException if the list can't be read
   * @throws IllegalArgumentException naming the line, if it is not such a list
   */
  public static CaptionedImages jsonLines(
      Path list, String pathMember, String captionMember, Path folder) throws IOException {
    return of(
        list,
        folder,
        ListFile.objects(
            list,
            (line, object) ->
                new Pair(
                    member(object, pathMember).getAsString(),
                    strings(member(object, captionMember)))));
  }

  /**
   * Reads COCO's captions, such as {@code captions_val2014.json}.
   *
   * @param annotations JSON with {@code images} (id, file_name) and {@code annotations} (image_id,
   *     caption)
   * @param folder where the files are
   * @throws IOException if the file can't be read
   * @throws IllegalArgumentException if it is no such JSON
   */
  public static CaptionedImages coco(Path annotations, Path folder) throws IOException {
    Map<String, Pair> byId = new LinkedHashMap<>();
    try {
      JsonObject root = JsonParser.parseString(ListFile.content(annotations)).getAsJsonObject();
      for (JsonElement image : member(root, "images").getAsJsonArray()) {
        JsonObject object = image.getAsJsonObject();
        byId.put(
            member(object, "id").getAsString(),
            new Pair(member(object, "file_name").getAsString(), new ArrayList<>()));
      }
      for (JsonElement annotation : member(root, "annotations").getAsJsonArray()) {
        JsonObject object = annotation.getAsJsonObject();
        String id = member(object, "image_id").getAsString();
        Pair image = byId.get(id);
        checkArgument(image != null, "a caption belongs to image %s, which is not listed", id);
        image.captions().add(member(object, "caption").getAsString());
      }
    } catch (JsonParseException
        | IllegalStateException
        | IllegalArgumentException
        | UnsupportedOperationException e) {
      throw new IllegalArgumentException(
          annotations + " is not JSON with captions as COCO has them: " + e.getMessage(), e);
    }
    return of(annotations, folder, byId.values());
  }

  /**
   * Samples of an archive whose {@code txt} files are their captions.
   *
   * @throws IOException if a text can't be read
   * @throws IllegalArgumentException naming a sample that has none
   */
  public static CaptionedImages of(WebDataset samples) throws IOException {
    List<List<String>> captions = new ArrayList<>();
    for (int sample = 0; sample < samples.size(); sample++) {
      captions.add(samples.text(sample).map(text -> List.of(text.strip())).orElse(List.of()));
    }
    return of(samples, captions);
  }

  private static CaptionedImages of(Path list, Path folder, Iterable<Pair> pairs) {
    Map<String, List<String>> captions = new LinkedHashMap<>();
    for (Pair pair : pairs) {
      captions.computeIfAbsent(pair.path(), path -> new ArrayList<>()).addAll(pair.captions());
    }
    return of(
        ImageList.ofPaths(list, captions.keySet()).root(folder), List.copyOf(captions.values()));
  }

  private static JsonElement member(JsonObject object, String name) {
    JsonElement value = object.get(name);
    checkArgument(value != null && !value.isJsonNull(), "it has no member %s", name);
    return value;
  }

  private static List<String> strings(JsonElement value) {
    return value.isJsonArray()
        ? value.getAsJsonArray().asList().stream().map(JsonElement::getAsString).toList()
        : List.of(value.getAsString());
  }

  /**
   * Images spread evenly over the list.
   *
   * @param size how many, at least 1; all if there are not as many
   */
  public CaptionedImages evenly(int size) {
    ImageSubset chosen = ImageSubset.evenly(images, size);
    return new CaptionedImages(
        chosen,
        chosen.indices().stream().map(captions::get).collect(ImmutableList.toImmutableList()));
  }

  /** The images. */
  public ImageSubset images() {
    return images;
  }

  /** The sentences of one image. */
  public List<String> captions(int image) {
    return captions.get(image);
  }

  /** All sentences, image by image. */
  public List<String> texts() {
    return captions.stream().flatMap(List::stream).toList();
  }

  /** For each of {@link #texts} the index of its image. */
  public int[] imageOfText() {
    return IntStream.range(0, captions.size())
        .flatMap(image -> Arrays.stream(new int[captions.get(image).size()]).map(text -> image))
        .toArray();
  }
}
