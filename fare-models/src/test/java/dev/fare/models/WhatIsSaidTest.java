package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.io.ModelFormatException;
import dev.fare.image.ResizeMode;
import dev.fare.image.Interpolation;
import dev.fare.image.ClipPreprocessing;
import dev.fare.Precision;
import dev.fare.io.StrictJson;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nothing is changed or assumed in silence, and nothing is said twice. */
class WhatIsSaidTest {

  @TempDir Path folder;

  private NDManager manager;
  private Path model;

  @BeforeEach
  void write() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    model = folder.resolve("model");
    HuggingFaceWriter.write(TinyClip.CONFIG, TinyClip.weights(manager), Optional.empty(), model);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void aWholeModelLoadsInSilence() throws Exception {
    assertThat(StandardError.linesOf(() -> RobustClipEncoder.load(model).close())).isEmpty();
  }

  @Test
  void servesPixelsWithoutTokenizerAndPreprocessorAndSaysSoOnce() throws Exception {
    NDArray pixels = manager.randomUniform(0, 1, new Shape(1, 3, 32, 32));
    float[] expected;
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      expected = encoder.embed(pixels).toFloatArray();
    }
    Files.delete(model.resolve("preprocessor_config.json"));

    List<String> lines =
        StandardError.linesOf(
            () -> {
              try (ClipModel clip = ClipModel.load(model)) {
                assertThat(clip.imageEncoder().embed(pixels).toFloatArray()).isEqualTo(expected);
                assertThatThrownBy(() -> clip.embedText(List.of("a cat")))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("came without tokenizer.json");
              }
            });

    assertThat(lines)
        .singleElement()
        .asString()
        .contains(model.toString(), "no preprocessor_config.json", "CLIP's own mean and std");
  }

  @Test
  void interpolatedPositionsAreLogged() throws Exception {
    List<String> lines =
        StandardError.linesOf(() -> RobustClipEncoder.builder(model).imageSize(48).load().close());

    assertThat(lines)
        .singleElement()
        .asString()
        .contains("the position table of 4x4 patches is interpolated to 6x6 for images of 48");
  }

  @Test
  void autoSaysWhatItChose() throws Exception {
    List<String> lines =
        StandardError.linesOf(
            () -> RobustClipEncoder.load(model, Device.cpu(), Precision.AUTO).close());

    assertThat(lines)
        .singleElement()
        .asString()
        .containsPattern("precision AUTO is (FLOAT32|BFLOAT16) on cpu");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "resample | 1",
        "do_center_crop | false",
        "do_resize | false",
        "rescale_factor | 1",
        "size | 48",
        "size | {\"height\":32,\"width\":48}",
        "crop_size | {\"height\":32,\"width\":48}",
      })
  void refusesPicturesThatCannotBeMadeAsTheFilesWantThem(String key, String value)
      throws Exception {
    Path file = set(key, value);

    assertThatThrownBy(() -> RobustClipEncoder.load(model))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContainingAll(file.toString(), key + " must be", "got " + value);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"resample | 2", "size | {\"height\":32,\"width\":32}"})
  void makesAndSavesPicturesAsTheFilesWantThem(String key, String value) throws Exception {
    set(key, value);
    ClipPreprocessing expected =
        key.equals("resample")
            ? new ClipPreprocessing(
                32,
                new ResizeMode.ShortestSide(ResizeMode.CropRounding.FLOOR),
                Interpolation.BILINEAR,
                true)
            : new ClipPreprocessing(32, new ResizeMode.Squash(), Interpolation.BICUBIC, true);
    Path saved = model.resolveSibling("saved");

    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      assertThat(encoder.preprocessing()).isEqualTo(expected);
      encoder.save(saved);
    }
    try (RobustClipEncoder again = RobustClipEncoder.builder(saved).imageSize(48).load()) {
      assertThat(again.preprocessing()).isEqualTo(expected.withSize(48));
    }
  }

  private Path set(String key, String value) throws Exception {
    Path file = model.resolve("preprocessor_config.json");
    JsonObject json = StrictJson.read(file);
    json.add(key, JsonParser.parseString(value));
    StrictJson.write(file, json);
    return file;
  }

  @Test
  void anOldPreprocessorFileOfPlainNumbersIsTheSame() throws Exception {
    Files.writeString(
        model.resolve("preprocessor_config.json"),
        "{\"size\":32,\"crop_size\":32,\"do_center_crop\":true,\"do_normalize\":true,\"do_resize\":true,"
            + "\"feature_extractor_type\":\"CLIPFeatureExtractor\",\"resample\":3,"
            + "\"image_mean\":[0.48145466,0.4578275,0.40821073],"
            + "\"image_std\":[0.26862954,0.26130258,0.27577711]}");

    assertThat(StandardError.linesOf(() -> RobustClipEncoder.load(model).close())).isEmpty();
  }
}
