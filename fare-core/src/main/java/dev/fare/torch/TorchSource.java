package dev.fare.torch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.google.common.collect.ImmutableList;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * TorchScript source text in libtorch's serialised dialect: ordinary PyTorch with typed signatures.
 *
 * @param fileName the name that compiler messages show
 * @param text class definitions ({@code class Name(Module):}) and free functions
 * @param imports sources of free functions that the text calls: {@code block} of {@code
 *     transformer.py} is {@code __torch__.transformer.block}
 */
public record TorchSource(String fileName, String text, List<TorchSource> imports) {

  /** Copies the list. */
  public TorchSource {
    requireNonNull(fileName, "fileName");
    requireNonNull(text, "text");
    imports = List.copyOf(imports);
  }

  /** A source that calls no other. */
  public TorchSource(String fileName, String text) {
    this(fileName, text, List.of());
  }

  /** This source with one more that its text calls. */
  public TorchSource importing(TorchSource other) {
    return new TorchSource(
        fileName, text, ImmutableList.<TorchSource>builder().addAll(imports).add(other).build());
  }

  /**
   * Reads a source that lies beside a class on the class path.
   *
   * @param anchor the class beside which the resource lies
   * @param fileName for example {@code clip.py}
   * @throws UncheckedIOException if there is no such resource or it can't be read
   */
  public static TorchSource resource(Class<?> anchor, String fileName) {
    try (InputStream in = anchor.getResourceAsStream(fileName)) {
      if (in == null) {
        throw new FileNotFoundException(
            "no resource " + fileName + " beside class " + anchor.getName());
      }
      return new TorchSource(fileName, new String(in.readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
