package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Library;
import com.sun.jna.Native;
import dev.fare.training.ChildJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** In processes of their own, since libtorch reads its environment once. */
@DisabledOnOs(OS.WINDOWS)
class TorchEngineTest {

  /** The C library's view of the environment. */
  public interface C extends Library {
    String getenv(String name);
  }

  /** Says what native code reads once the engine has started. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) {
      System.setProperty("dev.fare.openmp", Path.of(arguments[0]).getFileName().toString());
      TorchEngine.get();
      System.out.println(Native.load("c", C.class).getenv("GOMP_SPINCOUNT"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-u GOMP_SPINCOUNT, sleep, 2000",
    "-u GOMP_SPINCOUNT, inherit, null",
    "GOMP_SPINCOUNT=7, sleep, 7",
    "-u GOMP_SPINCOUNT OMP_WAIT_POLICY=ACTIVE, sleep, null"
  })
  void threadsSleepUnlessTheUserSaysOtherwise(
      String environment, String property, String expected, @TempDir Path folder)
      throws IOException {
    List<String> prefix = List.of(("env " + environment).split(" ", -1));

    ChildJvm child =
        ChildJvm.start(prefix, folder.resolve("errors"), Child.class, folder.resolve(property));

    assertThat(child.awaitLine(line -> true)).isEqualTo(expected);
  }
}
