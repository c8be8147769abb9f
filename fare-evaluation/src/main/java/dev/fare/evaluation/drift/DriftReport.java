package dev.fare.evaluation.drift;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Map;

/**
 * Encoders compared on images without labels.
 *
 * @param dataSet the data set's name in the report
 * @param data what the images are: origin, number, fingerprint
 * @param settings what a reader needs to repeat the evaluation, by name
 * @param encoders one result an encoder, in the order they were given
 */
public record DriftReport(
    String dataSet, String data, Map<String, String> settings, List<EncoderDrift> encoders) {

  /** Copies the collections. */
  public DriftReport {
    settings = ImmutableMap.copyOf(settings);
    encoders = List.copyOf(encoders);
  }
}
