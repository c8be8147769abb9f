package dev.fare.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.hash.Hashing;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Replays what Pillow 9.4, torchvision, open_clip, Hugging Face and LLaVA made of ten files. */
class PreprocessingVectorsTest {
  private static final Map<String, ClipPreprocessing> PIPELINES =
      Map.of(
          "open_clip",
          ClipPreprocessing.openClip(1),
          "open_clip_on_rgb_converted_first",
          rgbFirst(ClipPreprocessing.openClip(1)),
          "hf_clip_image_processor",
          ClipPreprocessing.huggingFace(1),
          "llava_pad",
          ClipPreprocessing.llava(1),
          "open_clip_after_exif_transpose",
          ClipPreprocessing.openClip(1));

  @TestFactory
  Stream<DynamicTest> everyPipelineGivesTheRecordedBytes() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement element : cases().getAsJsonArray("images")) {
      JsonObject image = element.getAsJsonObject();
      String file = image.get("file").getAsString();
      JsonObject results = image.getAsJsonObject("results");
      for (String result : results.keySet()) {
        int split = result.lastIndexOf('_');
        String pipeline = result.substring(0, split);
        int size = Integer.parseInt(result.substring(split + 1));
        boolean upright = pipeline.equals("open_clip_after_exif_transpose");
        String expected = results.getAsJsonObject(result).get("sha256").getAsString();
        tests.add(
            DynamicTest.dynamicTest(
                file + " " + result,
                () -> {
                  ClipPreprocessing preprocessing =
                      Objects.requireNonNull(PIPELINES.get(pipeline), pipeline).withSize(size);
                  assertThat(sha256(preprocessing.apply(decode(file, upright))))
                      .isEqualTo(expected);
                }));
      }
    }
    return tests.stream();
  }

  @TestFactory
  Stream<DynamicTest> everyFileIsDecodedAsPillowDecodesIt() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement element : cases().getAsJsonArray("images")) {
      JsonObject image = element.getAsJsonObject();
      String file = image.get("file").getAsString();
      tests.add(
          DynamicTest.dynamicTest(
              file,
              () ->
                  assertThat(sha256(decode(file, false).toRgb()))
                      .isEqualTo(image.get("decoded_rgb_sha256").getAsString())));
    }
    return tests.stream();
  }

  private static ClipPreprocessing rgbFirst(ClipPreprocessing preprocessing) {
    return new ClipPreprocessing(
        preprocessing.size(), preprocessing.resizeMode(), preprocessing.interpolation(), true);
  }

  private static String sha256(PixelImage image) {
    return Hashing.sha256().hashBytes(image.bytes()).toString();
  }

  private static PixelImage decode(String file, boolean upright) throws IOException {
    try (InputStream stream = resource("preprocess/" + file)) {
      return ImageDecoder.standard().appliesOrientation(upright).decode(stream, file);
    }
  }

  private static JsonObject cases() throws IOException {
    try (InputStreamReader reader =
        new InputStreamReader(resource("preprocess/cases.json"), StandardCharsets.UTF_8)) {
      return JsonParser.parseReader(reader).getAsJsonObject();
    }
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(
        PreprocessingVectorsTest.class.getResourceAsStream("/dev/fare/image/" + name), name);
  }
}
