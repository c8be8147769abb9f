package dev.fare.examples.quickstart;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ThreatModel;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.report.SearchExample;
import dev.fare.evaluation.report.SearchHit;
import dev.fare.evaluation.report.SearchResult;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.search.ImageSearch;
import dev.fare.models.RobustClipEncoder;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** An image search whose queries somebody has tampered with, with one encoder and with another. */
final class AttackedSearch {

  private static final int QUERIES = 24;
  private static final int HITS = 5;

  private final EmojiData data;
  private final EmojiDataset collection;
  private final EmojiDataset queries;
  private final ThreatModel threatModel;

  AttackedSearch(EmojiData data, ThreatModel threatModel) {
    this.data = data;
    this.threatModel = threatModel;
    collection = EmojiDataset.testSetA(data, 2 * data.pack().concepts().size());
    queries = EmojiDataset.unlabelled(data, data.split().trainingPairs().size(), 0);
  }

  /**
   * What one encoder finds for every query, clean and tampered with by an attack on this encoder.
   */
  List<SearchResult> search(String name, RobustClipEncoder encoder) throws IOException {
    try (ImageSearch search = new ImageSearch(encoder, collection);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray clean = queryPixels(manager);
      PgdAttack attack = PgdAttack.builder(threatModel).steps(20).build();
      NDArray tampered = attack.perturb(Objectives.embeddingShift(encoder, clean), clean).images();
      List<SearchResult> results = new ArrayList<>();
      for (int i = 0; i < QUERIES; i++) {
        NDArray before = clean.get(i + ":" + (i + 1));
        NDArray after = tampered.get(i + ":" + (i + 1));
        results.add(
            new SearchResult(
                name,
                picture(after.toFloatArray()),
                hits(i, search.search(before, HITS)),
                hits(i, search.search(after, HITS))));
      }
      return results;
    }
  }

  private NDArray queryPixels(NDManager manager) {
    int size = data.scenes().canvas();
    FloatBuffer values = FloatBuffer.allocate(QUERIES * data.scenes().valuesPerImage());
    for (int i = 0; i < QUERIES; i++) {
      queries.read(scene(i), size, values);
    }
    return manager.create(values.flip(), new Shape(QUERIES, 3, size, size));
  }

  /** The queries are spread over the collection. */
  private int scene(int query) {
    return query * queries.size() / QUERIES;
  }

  /** How many tampered queries still find what they show among the first hits. */
  static long found(List<SearchResult> results) {
    return results.stream()
        .filter(result -> result.adversarial().stream().anyMatch(SearchHit::relevant))
        .count();
  }

  /** The first queries with both encoders' results, as they come. */
  List<SearchExample> examples(int count, List<SearchResult> first, List<SearchResult> second) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                new SearchExample(
                    data.pack().names().get(queries.pair(scene(i)).concept()),
                    "PGD at " + threatModel.label(),
                    picture(read(queries, scene(i))),
                    List.of(first.get(i), second.get(i))))
        .toList();
  }

  private List<SearchHit> hits(int query, List<ImageSearch.Hit> hits) {
    int wanted = queries.pair(scene(query)).concept();
    return hits.stream()
        .map(
            hit -> {
              int concept = collection.pair(hit.picture()).concept();
              return new SearchHit(
                  data.pack().names().get(concept),
                  picture(read(collection, hit.picture())),
                  hit.similarity(),
                  concept == wanted);
            })
        .toList();
  }

  private float[] read(EmojiDataset dataset, int index) {
    FloatBuffer values = FloatBuffer.allocate(data.scenes().valuesPerImage());
    dataset.read(index, data.scenes().canvas(), values);
    return values.array();
  }

  private Picture picture(float[] planes) {
    return Picture.of(data.scenes().canvas(), data.scenes().canvas(), planes);
  }
}
