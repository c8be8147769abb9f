package dev.fare.langchain4j;

import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import dev.fare.models.ClipModel;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.image.Image;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.ContentType;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/**
 * A CLIP as LangChain4j's embedding model: a text or an image to a vector of one space, so that one
 * store holds both and one finds the other.
 *
 * <pre>{@code
 * EmbeddingModel model = ClipEmbeddingModel.load(Path.of("fare4-clip-vit-l-14"));
 * }</pre>
 *
 * <p>Vectors have unit length, as CLIP compares them. An input is one text or one image; images
 * come as data, not as addresses: nothing is downloaded. Safe for use from many threads; nobody may
 * use it after {@link #close}.
 */
public final class ClipEmbeddingModel implements EmbeddingModel, AutoCloseable {

  private final ClipModel clip;
  private final String name;
  private final ImageDecoder decoder = ImageDecoder.standard();

  private ClipEmbeddingModel(ClipModel clip, String name) {
    this.clip = clip;
    this.name = name;
  }

  /**
   * Loads a CLIP with its text tower, in any layout that {@link ClipModel#load} takes.
   *
   * @throws IOException if it can't be read or used
   */
  public static ClipEmbeddingModel load(Path path) throws IOException {
    return of(ClipModel.load(path), String.valueOf(path.getFileName()));
  }

  /**
   * Wraps a CLIP, which this model closes.
   *
   * @param name what listeners and responses call the model
   */
  public static ClipEmbeddingModel of(ClipModel clip, String name) {
    return new ClipEmbeddingModel(clip, name);
  }

  @Override
  public Set<ContentType> supportedContentTypes() {
    return Set.of(ContentType.TEXT, ContentType.IMAGE);
  }

  /**
   * Embeds texts and images, each kind in one batch.
   *
   * @throws IllegalArgumentException if an input is not one text or one image, or an image is an
   *     address or no base64
   * @throws UncheckedIOException if an image can't be decoded
   */
  @Override
  public EmbeddingResponse doEmbed(EmbeddingRequest request) {
    List<EmbeddingInput> inputs = request.inputs();
    List<String> texts = new ArrayList<>();
    List<Image> images = new ArrayList<>();
    List<Boolean> isText = new ArrayList<>();
    for (EmbeddingInput input : inputs) {
      Content content = onlyContent(input);
      if (content instanceof TextContent text) {
        texts.add(text.text());
      } else if (content instanceof ImageContent image) {
        images.add(image.image());
      } else {
        throw new IllegalArgumentException(
            "CLIP embeds texts and images, got an input of type " + content.type());
      }
      isText.add(content instanceof TextContent);
    }
    List<Embedding> ofTexts = texts.isEmpty() ? List.of() : unit(clip.embedText(texts));
    List<Embedding> ofImages = images.isEmpty() ? List.of() : unit(embed(images));
    List<Embedding> embeddings = new ArrayList<>();
    int text = 0;
    int image = 0;
    for (boolean isNextText : isText) {
      embeddings.add(isNextText ? ofTexts.get(text++) : ofImages.get(image++));
    }
    return EmbeddingResponse.builder().embeddings(embeddings).modelName(name).build();
  }

  private static Content onlyContent(EmbeddingInput input) {
    if (input.contents().size() != 1) {
      throw new IllegalArgumentException(
          "CLIP embeds one text or one image at a time, got an input of "
              + input.contents().size()
              + " parts; make an input of each");
    }
    return input.contents().get(0);
  }

  private float[][] embed(List<Image> images) {
    try {
      return clip.imageEncoder().embed(images, this::decode, Runnable::run);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private PixelImage decode(Image image) throws IOException {
    if (image.base64Data() == null) {
      throw new IllegalArgumentException(
          "an image must come as base64 data, got the address "
              + image.url()
              + "; nothing is downloaded here, use ImageContent.from(base64, mimeType)");
    }
    return decoder.decode(
        Base64.getDecoder().decode(image.base64Data()), "an image of the request");
  }

  private static List<Embedding> unit(float[][] rows) {
    return Arrays.stream(rows)
        .map(Embedding::from)
        .map(
            embedding -> {
              embedding.normalize();
              return embedding;
            })
        .toList();
  }

  @Override
  public int dimension() {
    return clip.imageEncoder().embeddingSize();
  }

  @Override
  public String modelName() {
    return name;
  }

  @Override
  public void close() {
    clip.close();
  }
}
