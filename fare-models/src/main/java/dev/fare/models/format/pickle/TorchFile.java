package dev.fare.models.format.pickle;

import dev.fare.io.LazyTensor;
import java.util.Map;
import java.util.Optional;

/**
 * What an archive of PyTorch holds.
 *
 * @param tensors by their names in the file
 * @param module the module of a TorchScript archive
 */
public record TorchFile(Map<String, LazyTensor> tensors, Optional<ScriptObject> module) {}
