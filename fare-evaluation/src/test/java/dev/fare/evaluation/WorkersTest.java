package dev.fare.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.ThreatModel;
import dev.fare.evaluation.drift.DriftReport;
import dev.fare.evaluation.drift.EmbeddingDrift;
import dev.fare.evaluation.retrieval.RetrievalEvaluation;
import dev.fare.evaluation.retrieval.RetrievalResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {

  private static final List<Integer> BATCHES = IntStream.range(0, 20).boxed().toList();

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 50})
  void answersInTheOrderOfTheBatches(int threads) {
    List<Integer> heard = new ArrayList<>(); // not thread-safe: calls come one at a time

    List<Integer> squares =
        new Workers(threads).map(BATCHES, i -> i * i, (i, square) -> heard.add(square));

    assertThat(squares).isEqualTo(BATCHES.stream().map(i -> i * i).toList());
    assertThat(heard).containsExactlyInAnyOrderElementsOf(squares);
  }

  @Test
  void worksOnBatchesAtTheSameTime() {
    CountDownLatch met = new CountDownLatch(3);

    List<Boolean> all =
        new Workers(3)
            .map(
                List.of(1, 2, 3),
                i -> {
                  met.countDown();
                  try {
                    return met.await(1, TimeUnit.MINUTES); // each waits for the other two
                  } catch (InterruptedException e) {
                    return false;
                  }
                },
                (i, done) -> {});

    assertThat(all).containsOnly(true);
  }

  @Test
  void isAtRestWhenItReportsAFailure() {
    AtomicInteger atWork = new AtomicInteger();
    AtomicInteger begun = new AtomicInteger();

    assertThatThrownBy(
            () ->
                new Workers(2)
                    .map(
                        BATCHES,
                        i -> {
                          begun.incrementAndGet();
                          atWork.incrementAndGet();
                          try {
                            if (i == 0) {
                              throw new IllegalArgumentException("batch 0");
                            }
                            return i;
                          } finally {
                            atWork.decrementAndGet();
                          }
                        },
                        (i, same) -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("batch 0");
    assertThat(atWork).hasValue(0);
    assertThat(begun.get()).isPositive();
  }

  @Test
  void oneWorkerIsTheCallingThread() {
    List<Thread> threads =
        new Workers(1).map(BATCHES, i -> Thread.currentThread(), (i, thread) -> {});

    assertThat(threads).containsOnly(Thread.currentThread());
  }

  @Test
  void everyKindOfEvaluationIsTheSameWithManyWorkers() {
    float[] values = new float[40];
    for (int i = 0; i < values.length; i++) {
      values[i] = i * 0.617f % 1;
    }
    ConcurrentLinkedQueue<Integer> done = new ConcurrentLinkedQueue<>();
    List<EvaluationReport> reports = new ArrayList<>();
    List<TransferMatrix> matrices = new ArrayList<>();
    List<DriftReport> drifts = new ArrayList<>();

    for (int workers : new int[] {1, 4}) {
      done.clear();
      RobustnessEvaluation evaluation =
          RobustnessEvaluation.builder(1)
              .model("half", Toys.threshold(0.5))
              .model("high", Toys.threshold(0.55))
              .attack(Toys.shift("full", 1))
              .linf(0.1)
              .batchSize(3)
              .workers(workers)
              .listener(progress -> done.add(progress.done()))
              .build();
      reports.add(evaluation.evaluate("greys", Toys.greys(values)));
      assertThat(done).contains(40);
      matrices.add(evaluation.transfer("greys", Toys.greys(values), "full", ThreatModel.linf(0.1)));
      drifts.add(
          EmbeddingDrift.builder(1, Toys.line(1))
              .encoder("half", Toys.line(0.5))
              .attack(Toys.brighten())
              .linf(0.1)
              .batchSize(3)
              .workers(workers)
              .build()
              .evaluate("greys", Toys.greys(values)));
    }

    assertThat(predictions(reports.get(1))).isEqualTo(predictions(reports.get(0)));
    assertThat(matrices.get(1)).isEqualTo(matrices.get(0));
    assertThat(drifts.get(1)).isEqualTo(drifts.get(0));
  }

  private static List<List<Integer>> predictions(EvaluationReport report) {
    return report.models().stream()
        .flatMap(model -> model.threats().stream())
        .flatMap(threat -> threat.attacks().stream())
        .map(AttackOutcome::predictions)
        .toList();
  }

  @Test
  void retrievalIsTheSameWithManyWorkers() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray texts = manager.create(new float[][] {{0, 1}, {1, 1}, {.3f, 1}, {.7f, 1}});
      List<RetrievalResult> results = new ArrayList<>();
      EvaluationAttack brighten =
          new EvaluationAttack(
              "brighten",
              "all of ε",
              (threat, classifier, batch) ->
                  Toys.result(batch.pixels().add(threat.epsilon()).clip(0, 1)));
      for (int workers : new int[] {1, 4}) {
        results.add(
            RetrievalEvaluation.builder(1)
                .encoder("line", Toys.line(1))
                .attack(brighten)
                .linf(0.3)
                .batchSize(1)
                .workers(workers)
                .build()
                .evaluate("greys", Toys.greys(.1f, .9f, .35f, .6f), texts, new int[] {0, 1, 2, 3})
                .encoders()
                .get(0));
      }
      assertThat(results.get(1)).isEqualTo(results.get(0));
    }
  }
}
