package dev.fare.examples.quickstart;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ThreatModel;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.ThreatResult;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.report.SearchExample;
import dev.fare.examples.report.SearchHit;
import dev.fare.examples.report.SearchResult;
import dev.fare.examples.search.ImageSearch;
import dev.fare.models.RobustClipEncoder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.Collectors;

/** An image search whose query somebody has tampered with, with one encoder and with another. */
final class AttackedSearch {

  private static final int HITS = 5;
  private static final int QUERY = 3;

  private final EmojiData data;
  private final EmojiDataset collection;
  private final EmojiDataset queries;
  private final ThreatModel threatModel;

  AttackedSearch(EmojiData data, ThreatModel threatModel) {
    this.data = data;
    this.threatModel = threatModel;
    collection = EmojiDataset.testSetA(data, data.pack().names().size());
    queries = EmojiDataset.unlabelled(data, QUERY + 1, 0);
  }

  SearchExample compare(RobustClipEncoder original, RobustClipEncoder robust, PrintWriter out)
      throws IOException {
    String name = data.pack().names().get(queries.pair(QUERY).concept());
    SearchExample example =
        new SearchExample(
            name,
            "PGD at " + ThreatResult.label(threatModel),
            picture(queries, QUERY),
            List.of(search("original", original), search("FARE", robust)));
    out.printf("%nImage search for a tampered picture of: %s%n", name);
    for (SearchResult result : example.results()) {
      out.printf("%-8s finds %s%n", result.encoder(), names(result.adversarial()));
    }
    return example;
  }

  private static String names(List<SearchHit> hits) {
    return hits.stream().map(SearchHit::name).collect(Collectors.joining(", "));
  }

  private SearchResult search(String name, RobustClipEncoder encoder) throws IOException {
    try (ImageSearch search = new ImageSearch(encoder, collection);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      int size = encoder.imageSize();
      FloatBuffer values = FloatBuffer.allocate(3 * size * size);
      queries.read(QUERY, size, values);
      NDArray query = manager.create(values.flip(), new Shape(1, 3, size, size));
      PgdAttack attack = PgdAttack.builder(threatModel).steps(20).build();
      NDArray tampered = attack.perturb(Objectives.embeddingShift(encoder, query), query).images();
      return new SearchResult(
          name,
          Picture.of(size, size, tampered.toFloatArray()),
          hits(search.search(query, HITS)),
          hits(search.search(tampered, HITS)));
    }
  }

  private List<SearchHit> hits(List<ImageSearch.Hit> hits) {
    int wanted = queries.pair(QUERY).concept();
    return hits.stream()
        .map(
            hit -> {
              int concept = collection.pair(hit.picture()).concept();
              return new SearchHit(
                  data.pack().names().get(concept),
                  picture(collection, hit.picture()),
                  hit.similarity(),
                  concept == wanted);
            })
        .toList();
  }

  private Picture picture(EmojiDataset dataset, int index) {
    int size = data.scenes().canvas();
    FloatBuffer values = FloatBuffer.allocate(3 * size * size);
    dataset.read(index, size, values);
    return Picture.of(size, size, values.array());
  }
}
