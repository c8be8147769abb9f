package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.SafetensorsFile;
import dev.fare.io.SafetensorsWriter;
import dev.fare.io.StrictJson;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.format.openclip.OpenClipWriter;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same random weights in every layout give the same bits; pickles are libtorch's own. */
class EveryLayoutTest {

  private static final String HF_WEIGHTS = "model.safetensors";
  private static final String HF_PICKLE = "pytorch_model.bin";
  private static final VitConfig VISION =
      new VitConfig(24, 6, 48, 3, 4, 96, 20, Activation.QUICK_GELU, 1e-5);
  private static final TextConfig TEXT =
      new TextConfig(9, 40, 32, 2, 2, 64, 20, Activation.QUICK_GELU, 1e-5, OptionalInt.of(39));
  private static final ClipConfig CONFIG =
      new ClipConfig(VISION, Optional.of(TEXT), PixelNormalization.CLIP);

  private static final TorchSource PICKLER =
      new TorchSource(
          "pickler.py",
          """
          class Pickler(Module):
            __parameters__ = []
            __buffers__ = []
            training : bool
            path : str
            names : str
            wrapper : str
            def save(self: __torch__.Pickler, tensors: List[Tensor]) -> List[Tensor]:
              names = torch.split(self.names, "\\n", -1)
              state = annotate(Dict[str, Tensor], {})
              for i in range(torch.len(tensors)):
                state[names[i]] = tensors[i]
              if torch.eq(self.wrapper, ""):
                torch.save(state, self.path)
              else:
                torch.save(annotate(Dict[str, Dict[str, Tensor]], {self.wrapper: state}), self.path)
              return [tensors[0]]
          """);

  @TempDir Path folder;

  private NDManager manager;
  private Map<String, NDArray> weights;
  private Path huggingFace;
  private Path openClip;

  @BeforeEach
  void drawWeights() throws IOException {
    manager = NDManager.newBaseManager("PyTorch");
    weights = ClipInitialization.random(CONFIG, 7, manager);
    huggingFace = folder.resolve("hugging-face");
    openClip = folder.resolve("open-clip");
    HuggingFaceWriter.write(CONFIG, weights, Optional.empty(), huggingFace);
    OpenClipWriter.write(CONFIG, weights, Optional.empty(), openClip);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void embedsWithTheSameBits() throws IOException {
    ClipCheckpoint base = ClipCheckpoints.read(huggingFace);
    Map<String, NDArray> tower = readAll(visionTower());
    Map<String, ClipCheckpoint> layouts = new LinkedHashMap<>();
    layouts.put("open_clip", ClipCheckpoints.read(openClip));
    layouts.put("open_clip pickle", ClipCheckpoints.read(openClipPickle()));
    layouts.put("open_clip file", ClipCheckpoints.read(pickle("all.pt", weights, ""), CONFIG));
    layouts.put(
        "training run", ClipCheckpoints.read(pickle("run.pt", weights, "state_dict"), CONFIG));
    layouts.put("shards", ClipCheckpoints.read(shards("model-%d.safetensors")));
    layouts.put("pickle", ClipCheckpoints.read(huggingFacePickle()));
    layouts.put("pickled shards", ClipCheckpoints.read(shards("pytorch_model-%d.bin")));
    layouts.put("tower", VisionTowerFile.read(visionTower(), base));
    layouts.put("tower's pickle", VisionTowerFile.read(pickle("fare.pt", tower, ""), base));
    layouts.put(
        "wrapped tower",
        VisionTowerFile.read(pickle("w.pt", tower, "vision_encoder_state_dict"), base));

    float[][] expected = embed(base);

    assertThat(expected[0][0]).isFinite().isNotZero();
    for (Map.Entry<String, ClipCheckpoint> layout : layouts.entrySet()) {
      assertThat(embed(layout.getValue())).as(layout.getKey()).isDeepEqualTo(expected);
    }
  }

  @Test
  void aVisionModelWithProjectionEmbedsImagesWithTheSameBits() throws IOException {
    ClipConfig vision = new ClipConfig(VISION, Optional.empty(), PixelNormalization.CLIP);
    Map<String, NDArray> tensors = new LinkedHashMap<>(weights);
    tensors.keySet().removeIf(name -> !name.startsWith("visual."));
    HuggingFaceWriter.write(vision, tensors, Optional.empty(), folder.resolve("vision"));

    try (RobustClipEncoder whole = RobustClipEncoder.load(huggingFace);
        RobustClipEncoder alone = RobustClipEncoder.load(folder.resolve("vision"))) {
      assertThat(StrictJson.read(folder.resolve("vision/config.json")).toString())
          .contains("\"CLIPVisionModelWithProjection\"");
      assertThat(alone.embed(pixels()).toFloatArray())
          .isEqualTo(whole.embed(pixels()).toFloatArray());
    }
  }

  /** The embeddings of images and of texts. */
  private float[][] embed(ClipCheckpoint checkpoint) throws IOException {
    try (ClipModel clip = ClipModel.of(RobustClipEncoder.builder(checkpoint).load())) {
      NDArray ids = manager.create(new long[][] {{38, 5, 17, 39, 0}, {38, 39, 0, 0, 0}});
      return new float[][] {
        clip.imageEncoder().embed(pixels()).toFloatArray(), clip.embedTokens(ids).toFloatArray()
      };
    }
  }

  private NDArray pixels() {
    return manager
        .arange(2 * 3 * 24 * 24f)
        .reshape(new Shape(2, 3, 24, 24))
        .mul(37)
        .mod(256)
        .div(255);
  }

  private Path huggingFacePickle() throws IOException {
    Path directory = Files.createDirectory(folder.resolve("hf-pickle"));
    Files.copy(huggingFace.resolve("config.json"), directory.resolve("config.json"));
    pickle("hf-pickle/" + HF_PICKLE, readAll(huggingFace.resolve(HF_WEIGHTS)), "");
    return directory;
  }

  private Path openClipPickle() throws IOException {
    Path directory = Files.createDirectory(folder.resolve("open-clip-pickle"));
    String config = "open_clip_config.json";
    Files.copy(openClip.resolve(config), directory.resolve(config));
    pickle("open-clip-pickle/open_clip_pytorch_model.bin", weights, "");
    return directory;
  }

  /** Two shards with an index, safetensors or pickles by their names. */
  private Path shards(String name) throws IOException {
    Path directory = Files.createTempDirectory(folder, "shards");
    Files.copy(huggingFace.resolve("config.json"), directory.resolve("config.json"));
    boolean isPickle = name.endsWith(".bin");
    JsonObject map = new JsonObject();
    List<Map<String, NDArray>> parts = List.of(new LinkedHashMap<>(), new LinkedHashMap<>());
    for (Map.Entry<String, NDArray> tensor : readAll(huggingFace.resolve(HF_WEIGHTS)).entrySet()) {
      int part = map.size() % 2;
      parts.get(part).put(tensor.getKey(), tensor.getValue());
      map.addProperty(tensor.getKey(), name.formatted(part));
    }
    for (int part = 0; part < 2; part++) {
      String file = name.formatted(part);
      if (isPickle) {
        pickle(directory.getFileName() + "/" + file, parts.get(part), "");
      } else {
        SafetensorsWriter.write(directory.resolve(file), parts.get(part));
      }
    }
    JsonObject index = new JsonObject();
    index.add("weight_map", map);
    StrictJson.write(directory.resolve((isPickle ? HF_PICKLE : HF_WEIGHTS) + ".index.json"), index);
    return directory;
  }

  private Path visionTower() throws IOException {
    Path file = folder.resolve("tower.safetensors");
    VisionTowerFile.write(CONFIG, weights, file);
    return file;
  }

  /** What {@code torch.save} of libtorch makes of a state dict. */
  private Path pickle(String name, Map<String, NDArray> tensors, String wrapper) {
    Path file = folder.resolve(name);
    Map<String, String> attributes =
        Map.of(
            "path", file.toString(),
            "names", String.join("\n", tensors.keySet()),
            "wrapper", wrapper);
    try (TorchModule pickler = TorchModule.compile(PICKLER, "Pickler", attributes, Device.cpu())) {
      pickler.callList("save", List.of(), new ArrayList<>(tensors.values())).close();
    }
    return file;
  }

  private Map<String, NDArray> readAll(Path safetensors) throws IOException {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    for (Map.Entry<String, LazyTensor> tensor :
        SafetensorsFile.read(safetensors).tensors().entrySet()) {
      arrays.put(tensor.getKey(), tensor.getValue().read(manager));
    }
    return arrays;
  }
}
