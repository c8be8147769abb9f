package dev.fare.evaluation.retrieval;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Map;

/**
 * Encoders compared at finding texts for images and images for texts.
 *
 * @param dataSet the data set's name in the report
 * @param data what the images are: origin, number, fingerprint
 * @param images the number of images
 * @param texts the number of texts
 * @param settings what a reader needs to repeat the evaluation, by name
 * @param encoders one result an encoder, in the order they were given
 */
public record RetrievalReport(
    String dataSet,
    String data,
    int images,
    int texts,
    Map<String, String> settings,
    List<RetrievalResult> encoders) {

  /** Copies the collections. */
  public RetrievalReport {
    settings = ImmutableMap.copyOf(settings);
    encoders = List.copyOf(encoders);
  }
}
