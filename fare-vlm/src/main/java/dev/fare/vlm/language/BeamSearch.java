package dev.fare.vlm.language;

import ai.djl.ndarray.NDArray;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Searches for likely texts by keeping several beginnings of each; a text's score is its
 * log-probability divided by its length to the power of the length penalty, the end token counting
 * as part of it.
 */
final class BeamSearch {

  /** A beginning, or a whole text. */
  private record Beam(int parent, long[] tokens, double logProbability) {

    Beam with(int row, long token, double probability) {
      long[] longer = Arrays.copyOf(tokens, tokens.length + 1);
      longer[tokens.length] = token;
      return new Beam(row, longer, logProbability + probability);
    }
  }

  private record Finished(long[] tokens, double score) {}

  /** One prompt's beams and the texts that have ended. */
  private static final class Search {
    List<Beam> beams = List.of();
    final PriorityQueue<Finished> finished =
        new PriorityQueue<>(Comparator.comparingDouble(Finished::score));
    boolean isOver;
  }

  private final GenerationOptions options;
  private final Set<Long> endings;

  BeamSearch(GenerationOptions options, Set<Long> endings) {
    this.options = options;
    this.endings = endings;
  }

  /** The best text for each prompt, without its end token. */
  List<long[]> run(Decoding decoding, int prompts) {
    List<Search> searches = new ArrayList<>();
    for (int i = 0; i < prompts; i++) {
      Search search = new Search();
      search.beams = List.of(new Beam(i, new long[0], 0));
      searches.add(search);
    }
    int steps = Math.min(options.maxNewTokens(), decoding.room() + 1);
    for (int step = 0; step < steps; step++) {
      float[][] logProbabilities = logProbabilities(decoding.logits());
      int row = 0;
      for (Search search : searches) {
        int rows = search.beams.size();
        if (!search.isOver) {
          advance(search, row, logProbabilities);
        }
        row += rows;
      }
      if (step + 1 == steps || searches.stream().allMatch(search -> search.isOver)) {
        break;
      }
      goOn(decoding, searches);
    }
    return searches.stream().map(this::best).toList();
  }

  /** Replaces a prompt's beams by their best continuations. */
  private void advance(Search search, int firstRow, float[][] logProbabilities) {
    // so many that the beams are full even if every beam's best continuation is its end
    int wanted = options.beams() * (1 + endings.size());
    List<Beam> candidates = new ArrayList<>();
    for (int b = 0; b < search.beams.size(); b++) {
      Beam beam = search.beams.get(b);
      float[] next = logProbabilities[firstRow + b];
      for (int token : highest(next, wanted)) {
        candidates.add(beam.with(firstRow + b, token, next[token]));
      }
    }
    candidates.sort(Comparator.comparingDouble(Beam::logProbability).reversed());
    List<Beam> kept = new ArrayList<>();
    for (int i = 0; i < candidates.size() && kept.size() < options.beams(); i++) {
      Beam candidate = candidates.get(i);
      long last = candidate.tokens()[candidate.tokens().length - 1];
      if (!endings.contains(last)) {
        kept.add(candidate);
      } else if (i < options.beams()) {
        long[] text = Arrays.copyOf(candidate.tokens(), candidate.tokens().length - 1);
        finish(search, new Finished(text, score(candidate)));
      }
    }
    search.beams = kept;
    boolean isFull = search.finished.size() >= options.beams();
    if (kept.isEmpty() || (isFull && !canImprove(search))) {
      search.isOver = true;
      search.beams = List.of();
    }
  }

  private void finish(Search search, Finished text) {
    search.finished.add(text);
    if (search.finished.size() > options.beams()) {
      search.finished.poll();
    }
  }

  /** Whether the best beam, as it is, would beat the worst text that was kept. */
  private boolean canImprove(Search search) {
    Finished worst = search.finished.peek();
    return worst == null || score(search.beams.get(0)) > worst.score();
  }

  private double score(Beam beam) {
    return beam.logProbability() / Math.pow(beam.tokens().length, options.lengthPenalty());
  }

  private long[] best(Search search) {
    Finished best =
        search.finished.stream().max(Comparator.comparingDouble(Finished::score)).orElse(null);
    if (!search.beams.isEmpty()) {
      Beam open = search.beams.stream().max(Comparator.comparingDouble(this::score)).orElseThrow();
      if (best == null || score(open) > best.score()) {
        return open.tokens();
      }
    }
    return best == null ? new long[0] : best.tokens();
  }

  /** Brings the model's rows in line with the beams, and gives each beam its last token. */
  private static void goOn(Decoding decoding, List<Search> searches) {
    List<Beam> all = new ArrayList<>();
    searches.forEach(search -> all.addAll(search.beams));
    decoding.select(all.stream().mapToInt(Beam::parent).toArray());
    decoding.append(
        all.stream().mapToLong(beam -> beam.tokens()[beam.tokens().length - 1]).toArray());
  }

  private static int[] highest(float[] values, int count) {
    PriorityQueue<Integer> best =
        new PriorityQueue<>(Comparator.comparingDouble((Integer i) -> values[i]));
    for (int i = 0; i < values.length; i++) {
      best.add(i);
      if (best.size() > count) {
        best.poll();
      }
    }
    return best.stream().mapToInt(Integer::intValue).toArray();
  }

  private static float[][] logProbabilities(NDArray logits) {
    try (TensorScope scope = TensorScope.of(logits)) {
      float[] flat = Host.floats(logits.logSoftmax(1));
      int size = Math.toIntExact(logits.getShape().get(1));
      float[][] rows = new float[flat.length / size][];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = Arrays.copyOfRange(flat, i * size, (i + 1) * size);
      }
      return rows;
    }
  }
}
