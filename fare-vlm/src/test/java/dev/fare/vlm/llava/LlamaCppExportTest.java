package dev.fare.vlm.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.export.gguf.GgufFile;
import dev.fare.models.export.gguf.GgufType;
import dev.fare.models.export.gguf.Mmproj;
import dev.fare.vlm.RecordedTensors;
import dev.fare.vlm.language.LanguageTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recorded LLaVA as llama.cpp's files, read back. */
class LlamaCppExportTest {

  private static final String LETTERS = "abcde";
  private static final int IMAGE = 96;

  @TempDir private Path folder;
  private Path llava;
  private Path written;
  private NDManager manager;

  @BeforeEach
  void place() throws Exception {
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    llava = Files.createDirectory(folder.resolve("llava"));
    written = folder.resolve("written");
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(RecordedTensors.path("llava_kv2/" + file), llava.resolve(file));
    }
    writeTokenizer(json -> {});
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void queriesAndKeysHavePairsOfRowsBesideEachOther() throws Exception {
    export(DataType.FLOAT32);
    GgufFile gguf = GgufFile.read(written.resolve("language-model.gguf"));

    for (String kind : List.of("q", "k")) {
      float[][] given = rows("layers.1.self_attn." + kind + "_proj.weight");
      float[][] stored = rows(gguf.tensor("blk.1.attn_" + kind + ".weight").read(manager));
      assertThat(stored).hasSameDimensionsAs(given);
      int half = 4; // a head has 8 rows
      for (int row = 0; row < given.length; row++) {
        int head = row / 8 * 8;
        int place = row % 8; // two rows of a pair turn by one angle: place and place + half
        int there = head + (place < half ? 2 * place : 2 * (place - half) + 1);
        assertThat(stored[there]).as("%s row %d", kind, row).containsExactly(given[row]);
      }
    }
  }

  @Test
  void everythingElseIsAsItWas() throws Exception {
    export(DataType.FLOAT32);
    GgufFile gguf = GgufFile.read(written.resolve("language-model.gguf"));

    assertThat(gguf.tensors()).hasSize(3 + 2 * 9);
    assertSame(gguf, "token_embd.weight", "embed_tokens.weight");
    assertSame(gguf, "output_norm.weight", "norm.weight");
    assertSame(gguf, "blk.0.attn_v.weight", "layers.0.self_attn.v_proj.weight");
    assertSame(gguf, "blk.1.attn_output.weight", "layers.1.self_attn.o_proj.weight");
    assertSame(gguf, "blk.1.ffn_norm.weight", "layers.1.post_attention_layernorm.weight");
    assertSame(gguf, "blk.0.attn_norm.weight", "layers.0.input_layernorm.weight");
    assertSame(gguf, "blk.0.ffn_gate.weight", "layers.0.mlp.gate_proj.weight");
    assertSame(gguf, "blk.0.ffn_up.weight", "layers.0.mlp.up_proj.weight");
    assertSame(gguf, "blk.0.ffn_down.weight", "layers.0.mlp.down_proj.weight");
    assertThat(gguf.metadata())
        .containsEntry("general.architecture", "llama")
        .containsEntry("llama.embedding_length", 32L)
        .containsEntry("llama.attention.head_count", 4L)
        .containsEntry("llama.attention.head_count_kv", 2L)
        .containsEntry("llama.rope.dimension_count", 8L)
        .containsEntry("llama.rope.freq_base", 10000f)
        .containsEntry("llama.context_length", 64L)
        .containsEntry("llama.attention.layer_norm_rms_epsilon", 1e-5f)
        .containsEntry("tokenizer.ggml.bos_token_id", 1L)
        .containsEntry("tokenizer.ggml.eos_token_id", 2L)
        .containsEntry("tokenizer.ggml.add_bos_token", true)
        .containsEntry("tokenizer.ggml.add_space_prefix", true);
    Mmproj mmproj = Mmproj.read(written.resolve("mmproj.gguf"));
    assertThat(mmproj.file().metadata())
        .containsEntry("clip.vision.block_count", 1L)
        .containsEntry("clip.vision.feature_layer", List.of(1));
    assertThat(mmproj.tensors().get("multi_modal_projector.linear_2.weight").read(manager))
        .isEqualTo(stored("multi_modal_projector.linear_2.weight"));
    assertThat(written.resolve("Modelfile"))
        .hasContent(
            """
            FROM ./language-model.gguf
            FROM ./mmproj.gguf
            TEMPLATE \"""USER: {{ .Prompt }} ASSISTANT:\"""
            """);
  }

  @Test
  void halfPrecisionIsForMatrices() throws Exception {
    LlamaCppExport.Written result = export(DataType.FLOAT16);
    GgufFile gguf = GgufFile.read(written.resolve("language-model.gguf"));

    assertThat(result.difference()).isBetween(1e-5, 5e-4);
    assertThat(gguf.tensors().get("blk.0.attn_q.weight").type()).isEqualTo(GgufType.F16);
    assertThat(gguf.tensors().get("blk.0.attn_norm.weight").type()).isEqualTo(GgufType.F32);
    assertThat(gguf.metadata()).containsEntry("general.file_type", 1L);
  }

  @Test
  void aModelInMemoryGivesTheSameFiles() throws Exception {
    export(DataType.FLOAT32);
    Path other = folder.resolve("other");
    try (LlavaModel model =
        LlavaModel.builder(llava)
            .device(Device.cpu())
            .template(PromptTemplate.USER_ASSISTANT)
            .load()) {
      assertThat(model.exportLlamaCpp(other, DataType.FLOAT32).difference()).isLessThan(5e-4);
    }

    for (String file : List.of("language-model.gguf", "mmproj.gguf", "Modelfile")) {
      assertThat(other.resolve(file)).hasSameBinaryContentAs(written.resolve(file));
    }
  }

  @Test
  void joiningByScoresGivesTheTokenizersTokens() throws Exception {
    assertThat(export(DataType.FLOAT32).limits())
        .satisfiesExactly(
            bytes -> assertThat(bytes).contains("0 of 256 bytes"),
            square -> assertThat(square).contains("pads a picture to a square"));
    GgufFile gguf = GgufFile.read(written.resolve("language-model.gguf"));
    List<?> pieces = (List<?>) gguf.metadata().get("tokenizer.ggml.tokens");
    List<?> types = (List<?>) gguf.metadata().get("tokenizer.ggml.token_type");

    assertThat(pieces).hasSize(99).element(98).isEqualTo("[PAD98]");
    assertThat(types.get(98)).isEqualTo(5);
    assertThat(List.of(types.get(0), types.get(1), types.get(IMAGE), types.get(4)))
        .isEqualTo(List.of(2, 3, 3, 1));
    SplittableRandom random = new SplittableRandom(3);
    try (LanguageTokenizer tokenizer = LanguageTokenizer.load(llava.resolve("tokenizer.json"))) {
      for (int i = 0; i < 300; i++) {
        StringBuilder text = new StringBuilder("a");
        for (int j = random.nextInt(20); j > 0; j--) {
          text.append((LETTERS + " ").charAt(random.nextInt(6)));
        }
        List<Integer> joined = join("▁" + text.toString().replace(' ', '▁'), gguf);
        assertThat(tokenizer.encodeFurther(text.toString()))
            .as(text.toString())
            .containsExactly(joined.stream().mapToLong(id -> id).toArray());
      }
    }
  }

  @Test
  void mergesThatLlamaCppDoesNotFollowAreSaid() throws Exception {
    writeTokenizer(
        json -> {
          JsonArray merges = json.getAsJsonObject("model").getAsJsonArray("merges");
          merges.remove(merges.size() - 1);
        });

    assertThat(export(DataType.FLOAT32).limits())
        .hasSize(3)
        .element(1)
        .asString()
        .contains("leave out 1 pairs");
  }

  @Test
  void anotherKindOfTokenizerIsRefused() throws Exception {
    writeTokenizer(
        json -> {
          json.remove("normalizer");
          JsonObject model = json.getAsJsonObject("model");
          model.add("merges", new JsonArray());
          model.getAsJsonObject("vocab").remove("▁");
        });

    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> export(DataType.FLOAT32))
        .withMessageContaining("SentencePiece");
    Files.delete(llava.resolve("tokenizer.json"));
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> export(DataType.FLOAT32))
        .withMessageContaining("has no tokenizer.json");
    assertThat(written).doesNotExist();
  }

  @Test
  void whatAModelfileCannotHoldIsRefused() throws Exception {
    try (RobustClipEncoder encoder = vision()) {
      LlamaCppExport export =
          LlamaCppExport.of(llava, encoder).template(new PromptTemplate("{{ .System }}", ""));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> export.write(written))
          .withMessageContaining("Modelfile");
    }
  }

  /** As SentencePiece joins: the best score of all neighbours, the first of equal ones. */
  private static List<Integer> join(String text, GgufFile gguf) {
    List<?> pieces = (List<?>) gguf.metadata().get("tokenizer.ggml.tokens");
    List<?> scores = (List<?>) gguf.metadata().get("tokenizer.ggml.scores");
    List<String> symbols = new ArrayList<>(List.of(text.split("")));
    while (true) {
      int best = -1;
      float score = 0;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        int id = pieces.indexOf(symbols.get(i) + symbols.get(i + 1));
        if (id >= 0 && (best < 0 || (float) scores.get(id) > score)) {
          best = i;
          score = (float) scores.get(id);
        }
      }
      if (best < 0) {
        return symbols.stream().map(pieces::indexOf).toList();
      }
      symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
    }
  }

  private LlamaCppExport.Written export(DataType type) throws Exception {
    try (RobustClipEncoder encoder = vision()) {
      return LlamaCppExport.of(llava, encoder)
          .template(PromptTemplate.USER_ASSISTANT)
          .type(type)
          .write(written);
    }
  }

  private RobustClipEncoder vision() throws Exception {
    return RobustClipEncoder.builder(LlavaCheckpoint.read(llava).vision())
        .device(Device.cpu())
        .load();
  }

  /** Letters and what they join to, with every way to join them. */
  private void writeTokenizer(Consumer<JsonObject> change) throws Exception {
    List<String> pieces = new ArrayList<>(List.of("<unk>", "<s>", "</s>", "▁"));
    pieces.addAll(List.of(LETTERS.split("")));
    pieces.addAll(List.of("▁a", "ab", "▁b", "cd", "▁ab", "abc", "bc", "▁abc", "de", "cde", "▁d"));
    pieces.addAll(List.of("bcd", "abcde", "aa", "aaa", "ee", "▁▁", "▁▁a"));
    JsonObject vocabulary = new JsonObject();
    JsonArray merges = new JsonArray();
    for (String piece : pieces) {
      vocabulary.addProperty(piece, vocabulary.size());
      for (int i = 1; i < piece.length(); i++) {
        if (pieces.contains(piece.substring(0, i)) && pieces.contains(piece.substring(i))) {
          merges.add(piece.substring(0, i) + " " + piece.substring(i));
        }
      }
    }
    vocabulary.addProperty("<image>", IMAGE);
    JsonObject json =
        JsonParser.parseString(
                """
                {
                  "version": "1.0",
                  "added_tokens": [
                    {"id": 0, "content": "<unk>", "special": true},
                    {"id": 1, "content": "<s>", "special": true},
                    {"id": 2, "content": "</s>", "special": true},
                    {"id": 96, "content": "<image>", "special": true}
                  ],
                  "normalizer": {"type": "Sequence", "normalizers": [
                    {"type": "Prepend", "prepend": "▁"},
                    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
                  ]},
                  "post_processor": {
                    "type": "TemplateProcessing",
                    "single": [
                      {"SpecialToken": {"id": "<s>", "type_id": 0}},
                      {"Sequence": {"id": "A", "type_id": 0}}
                    ],
                    "pair": [
                      {"Sequence": {"id": "A", "type_id": 0}},
                      {"Sequence": {"id": "B", "type_id": 1}}
                    ],
                    "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}
                  },
                  "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true}
                }
                """)
            .getAsJsonObject();
    for (var token : json.getAsJsonArray("added_tokens")) {
      for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        token.getAsJsonObject().addProperty(flag, false);
      }
    }
    json.getAsJsonObject("model").add("vocab", vocabulary);
    json.getAsJsonObject("model").add("merges", merges);
    change.accept(json);
    Files.writeString(llava.resolve("tokenizer.json"), json.toString());
  }

  private void assertSame(GgufFile gguf, String name, String original) throws Exception {
    assertThat(gguf.tensor(name).read(manager))
        .as(name)
        .isEqualTo(stored("language_model.model." + original));
  }

  private NDArray stored(String name) throws Exception {
    return SafetensorsFile.read(llava.resolve("model.safetensors"))
        .tensors()
        .get(name)
        .read(manager);
  }

  private float[][] rows(String name) throws Exception {
    return rows(stored("language_model.model." + name));
  }

  private static float[][] rows(NDArray matrix) {
    float[][] rows = new float[(int) matrix.getShape().get(0)][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = matrix.get(i).toFloatArray();
    }
    return rows;
  }
}
