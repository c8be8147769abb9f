package dev.fare.models.format.pickle;

import java.util.Set;

/**
 * A class, function or object of Python that is no part of the weights. It is never called, and
 * what a pickle puts into it is left.
 */
final class Opaque {

  /** Modules whose names all may stand beside weights. */
  private static final Set<String> MODULES =
      Set.of(
          "numpy",
          "numpy.core.multiarray",
          "numpy._core.multiarray",
          "numpy.core.numeric",
          "numpy._core.numeric",
          "numpy.dtypes",
          "numpy.random._pickle",
          "argparse",
          "collections",
          "datetime",
          "decimal",
          "fractions",
          "pathlib",
          "pathlib._local",
          "uuid",
          "easydict",
          "yacs.config",
          "omegaconf.base",
          "omegaconf.dictconfig",
          "omegaconf.listconfig",
          "omegaconf.nodes",
          "torch.torch_version");

  /** Single names that plain data is made of. */
  private static final Set<String> NAMES =
      Set.of(
          "copyreg._reconstructor",
          "copy_reg._reconstructor",
          "_codecs.encode",
          "types.SimpleNamespace",
          "typing.Any",
          "torch.Generator",
          "torch.float64",
          "torch.float32",
          "torch.float16",
          "torch.bfloat16",
          "torch.int64",
          "torch.int32",
          "torch.int16",
          "torch.int8",
          "torch.uint8",
          "torch.bool");

  private static final Set<String> BUILT_IN =
      Set.of(
          "object",
          "set",
          "frozenset",
          "dict",
          "list",
          "tuple",
          "int",
          "float",
          "complex",
          "bool",
          "str",
          "bytes",
          "bytearray",
          "slice",
          "range");

  private Opaque() {}

  static Opaque value() {
    return new Opaque();
  }

  /** Whether a name may stand beside weights. */
  static boolean accepts(String module, String name) {
    return MODULES.contains(module)
        || NAMES.contains(module + "." + name)
        || ((module.equals("builtins") || module.equals("__builtin__")) && BUILT_IN.contains(name));
  }
}
