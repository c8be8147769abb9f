package dev.fare.torch;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The settings of the OpenMP library that libtorch brings, which reads them when it is loaded. */
final class OpenMp {

  private static final Logger log = LoggerFactory.getLogger(OpenMp.class);
  private static final String PROPERTY = "dev.fare.openmp";
  private static final String POLICY = "OMP_WAIT_POLICY";
  private static final String SPINS = "GOMP_SPINCOUNT";

  /** Long enough for the gaps between the operations of a pass, and no more. */
  private static final String FEW = "2000";

  private OpenMp() {}

  /** The C library's environment: Java's own is a copy that native code does not see. */
  private interface C extends Library {
    int setenv(String name, String value, int overwrite);
  }

  /** Lets threads sleep after a short wait; what the user has set stays. */
  static void waitAsleep() {
    if (Platform.isWindows()
        || System.getenv(POLICY) != null
        || System.getenv(SPINS) != null
        || "inherit".equals(System.getProperty(PROPERTY))) {
      return;
    }
    try {
      Native.load("c", C.class).setenv(SPINS, FEW, 0);
    } catch (LinkageError e) {
      log.info("can't set {}: {}", SPINS, e.toString());
    }
  }
}
