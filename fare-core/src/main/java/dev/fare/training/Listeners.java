package dev.fare.training;

import java.util.List;
import java.util.Map;

/** All who hear of a run, as one, and closed together whatever one of them does. */
final class Listeners implements TrainingListener, AutoCloseable {

  private final List<TrainingListener> all;

  Listeners(List<TrainingListener> all) {
    this.all = List.copyOf(all);
  }

  @Override
  public void onStart(TrainingSettings settings, long firstStep) {
    all.forEach(listener -> listener.onStart(settings, firstStep));
  }

  @Override
  public void onStep(StepResult result) {
    all.forEach(listener -> listener.onStep(result));
  }

  @Override
  public void onValidation(long step, Map<String, Double> values) {
    all.forEach(listener -> listener.onValidation(step, values));
  }

  @Override
  public void onEnd(TrainingSummary summary) {
    all.forEach(listener -> listener.onEnd(summary));
  }

  @Override
  public void onClose() {
    RuntimeException failure = null;
    for (TrainingListener listener : all) {
      try {
        listener.onClose();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public void close() {
    onClose();
  }
}
