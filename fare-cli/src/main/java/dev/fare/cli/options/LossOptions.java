package dev.fare.cli.options;

import ai.djl.ndarray.NDManager;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.audit.ModelSource;
import dev.fare.models.ClipModel;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.TrainingLoss;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a training minimises. */
public final class LossOptions extends ClassNameOptions {

  /** The published methods. */
  enum Loss {
    FARE,
    TECOA,
    TRADES,
    SIM_CLIP;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** How far two embeddings are apart. */
  enum Distance {
    SQUARED,
    COSINE,
    ABSOLUTE;

    EmbeddingLoss loss() {
      return switch (this) {
        case SQUARED -> EmbeddingLoss.squaredDistance();
        case COSINE -> EmbeddingLoss.cosineDistance();
        case ABSOLUTE -> EmbeddingLoss.absoluteDistance();
      };
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Option(
      names = "--loss",
      order = ClassifierAttackOptions.FIRST,
      paramLabel = "<loss>",
      description =
          "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}. tecoa needs images with classes, the"
              + " others look at no labels")
  private Loss loss = Loss.FARE;

  @Option(
      names = "--distance",
      paramLabel = "<d>",
      description = "of embeddings in fare and trades: ${COMPLETION-CANDIDATES}; default squared")
  private @Nullable Distance distance;

  @Option(
      names = "--clean-weight",
      paramLabel = "<w>",
      description = "share of the squared distance on clean images, in (0,1); off by default")
  private @Nullable Double cleanWeight;

  @Option(
      names = "--token-weight",
      paramLabel = "<w>",
      description = "of the patch tokens' squared distance, which is added; off by default")
  private @Nullable Double tokenWeight;

  /**
   * The loss.
   *
   * @param data what TeCoA takes its classes from
   * @param model whose text tower embeds their names
   * @param manager owner of the embeddings, which lives as long as the training
   */
  public TrainingLoss loss(ImageDataset data, ModelSource model, NDManager manager)
      throws IOException {
    if (distance != null && loss != Loss.FARE && loss != Loss.TRADES) {
      throw new IllegalArgumentException(
          "--distance is of fare and trades, and --loss is " + loss + "; leave one of them out");
    }
    EmbeddingLoss embedding = (distance == null ? Distance.SQUARED : distance).loss();
    if (loss == Loss.TECOA) {
      embedding = crossEntropy(data, model, manager);
    }
    TrainingLoss chosen =
        switch (loss) {
          case FARE, TECOA -> TrainingLoss.of(embedding);
          case TRADES -> TrainingLoss.trades(embedding);
          case SIM_CLIP -> TrainingLoss.simClip();
        };
    if (cleanWeight != null) {
      chosen = chosen.withClean(EmbeddingLoss.squaredDistance(), cleanWeight);
    }
    return tokenWeight == null ? chosen : chosen.withTokens(embedding, tokenWeight);
  }

  private EmbeddingLoss crossEntropy(ImageDataset data, ModelSource model, NDManager manager)
      throws IOException {
    List<String> names = data.classNames().stream().map(names()).toList();
    if (names.size() < 2) {
      throw new IllegalArgumentException(
          "--loss tecoa needs at least two classes; give --images a sub-folder or a label for each,"
              + " or take --loss fare");
    }
    try (ClipModel clip = model.load();
        ZeroShotClassifier classifier = clip.zeroShotClassifier(names, sentences())) {
      return EmbeddingLoss.crossEntropy(classifier.classEmbeddings(manager)); // [K,D]
    }
  }
}
