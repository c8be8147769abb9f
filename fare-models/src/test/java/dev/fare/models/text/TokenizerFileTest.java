package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerFileTest {

  @TempDir private Path folder;

  /** Each of these ended the process, or never ended, in the native code. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "1-precompiled.json ~ tokenizer.normalizer.type is 'Precompiled'; known are",
        "2-template.json ~ tokenizer.post_processor.single.SpecialToken.id is '<s>'; known are",
        "4-decoder-not-json.json ~ not valid JSON",
        "5-pattern-without-end.json ~ tokenizer.pre_tokenizer.pattern.Regex '(a+)+$' is none of",
        "6-prefix-longer-than-token.json ~ tokenizer.model.continuing_subword_prefix must have 0",
      })
  void refusesWhatNativeCodeCanNotBear(String name, String reason) throws Exception {
    Path file = Files.write(folder.resolve("tokenizer.json"), resource("damaged/" + name));

    assertThatThrownBy(() -> ClipTokenizer.load(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(reason);
  }

  @Test
  void thePageOfModelsListsWhatIsRead() throws Exception {
    String page = Files.readString(Path.of("..", "docs", "models.md"));
    Map<String, Set<String>> parts =
        Map.of(
            "normalizer", TokenizerParts.NORMALIZERS.keySet(),
            "pre_tokenizer", TokenizerParts.PRE_TOKENIZERS.keySet(),
            "post_processor", TokenizerParts.POST_PROCESSORS.keySet(),
            "decoder", TokenizerParts.DECODERS.keySet());

    parts.forEach(
        (part, types) -> {
          String start = "| `" + part + "` | ";
          String row = page.lines().filter(line -> line.startsWith(start)).findFirst().orElse("");
          String listed = row.substring(start.length()).replaceAll("[`|]", "").strip();
          assertThat(listed.split(", ")).as(part).containsExactlyInAnyOrderElementsOf(types);
        });
  }

  /** Ids by hand from the vocabularies, which are a few tokens of each family. */
  @ParameterizedTest
  @CsvSource({
    "clip.json, a cat, 12 4 9 13",
    "llama.json, a cat</s>, 1 9 12 2",
    "llama3.json, cat cat, 9 6 7",
    "gpt-neox.json, at  at, 6 7 6",
    "gemma.json, at at, 2 10 11",
    "metaspace.json, a cat, 1 9 12",
  })
  void opensTheTokenizersOfTheFamilies(String name, String text, String ids) throws Exception {
    Path file = Files.write(folder.resolve("tokenizer.json"), resource("families/" + name));

    try (HuggingFaceTokenizer tokenizer = TokenizerFile.open(file)) {
      long[] expected = Arrays.stream(ids.split(" ")).mapToLong(Long::parseLong).toArray();
      assertThat(tokenizer.encode(text, true, false).getIds()).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "\"dropout\": null ~ \"dropout\": 0.5 ~ dropout must be null or 0",
        "\"unk_token\": \"<unk>\" ~ \"unk_token\": \"<unx>\" ~ '<unx>' is not in the vocabulary",
        "\"ca\": 14 ~ \"ca\": 13 ~ gives the id 13 to two tokens",
        "\"ca\": 14 ~ \"ca\": -1 ~ must be an integer from 0",
        "\"ca\": 14 ~ \"ca\": 14.5 ~ must be an integer from 0",
        "\"▁c at\" ~ \"▁c aq\" ~ must have pairs of tokens that make a token",
        "\"id\": 15 ~ \"id\": 17 ~ gives token '<image>' the id 17, but its id is 15",
        "\"stop\": 0 ~ \"stop\": 1 ~ stop must be an integer from 0 to 0",
        "\"prepend\": \"▁\" ~ \"prepend\": \"\\ud800\" ~ half a surrogate pair",
        "\"prepend\": \"▁\" ~ \"prepend\": \"▁▁\" ~ must have 1 to 1 characters, has 2",
        "\"fuse_unk\": true ~ \"fuse_unk\": 1 ~ fuse_unk must be true or false",
        "\"fuse_unk\": true ~ \"fuse_unknown\": true ~ fuse_unknown is not known here",
        "\"fuse_unk\": true ~ \"fuse_unk\": true, \"fuse_unk\": true ~ is there twice",
        "\"id\": \"A\" ~ \"id\": \"B\" ~ id is 'B'; known are A",
        "\"type\": \"BPE\" ~ \"type\": \"Unigram\" ~ model.type is 'Unigram'; known are BPE",
      })
  void namesTheValueThatIsWrong(String before, String after, String reason) throws Exception {
    String json = new String(resource("families/llama.json"), UTF_8);
    assertThat(json).contains(before);
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, json.replace(before, after));

    assertThatThrownBy(() -> TokenizerFile.open(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(reason);
  }

  @Test
  void namesAPointerOfGitLfs() throws Exception {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(
        file,
        "version https://git-lfs.github.com/spec/v1\noid sha256:"
            + "0".repeat(64)
            + "\nsize 2224003\n");

    assertThatThrownBy(() -> ClipTokenizer.load(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(file + " is a pointer of Git LFS")
        .hasMessageContaining("git lfs pull");
  }

  @Test
  void boundsTheMemoryThatValuesTake() throws Exception {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, "{\"added_tokens\": [" + "[],".repeat(2_000_000) + "[]]}");

    assertThatThrownBy(() -> TokenizerFile.open(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("up to 3000000 values");
  }

  @Test
  void saysWhyTheNativeTokenizerCanNotBeLoaded() throws Exception {
    Path noFolder = Files.createFile(folder.resolve("no-folder"));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-DDJL_CACHE_DIR=" + noFolder,
                "-cp",
                System.getProperty("java.class.path"),
                OpensTheTokenizer.class.getName())
            .redirectError(folder.resolve("errors.txt").toFile())
            .start();

    assertThat(process.inputReader().lines().toList())
        .singleElement()
        .asString()
        .startsWith("java.io.IOException: Failed to load Huggingface native library")
        .contains(
            noFolder + ", which can't be written: set the environment variable DJL_CACHE_DIR");
  }

  /** In a process where the native libraries have no place. */
  static final class OpensTheTokenizer {
    public static void main(String[] arguments) {
      try (ClipTokenizer tokenizer = ClipTokenizer.openAi()) {
        System.out.println(tokenizer);
      } catch (UncheckedIOException e) {
        System.out.println(e.getCause());
      }
    }
  }

  static byte[] resource(String name) throws IOException {
    try (InputStream in = TokenizerFileTest.class.getResourceAsStream(name)) {
      return requireNonNull(in, name).readAllBytes();
    }
  }
}
