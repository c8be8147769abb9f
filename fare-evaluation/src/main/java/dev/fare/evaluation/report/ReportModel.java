package dev.fare.evaluation.report;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.engine.Engine;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.GalleryEntry;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.evaluation.TransferMatrix;
import dev.fare.evaluation.drift.DriftReport;
import dev.fare.evaluation.retrieval.RetrievalReport;
import dev.fare.torch.TorchEngine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything a report says, and nothing about how it looks.
 *
 * @param title what was examined
 * @param introduction one or two sentences: what was done to what
 * @param evaluations one a test set, the most telling first; of their models the first is the
 *     original, the last the one the report is about; may be empty where there are retrievals or
 *     drifts
 * @param testSetNotes for each test set's name what is special about it
 * @param classGroups for each class name the group it is counted in, such as a category; may be
 *     empty
 * @param transfers images made against one model and shown to the others; may be empty
 * @param retrievals how images and texts find each other; may be empty
 * @param drifts how far embeddings move on images without labels; may be empty
 * @param training the training curves; may be empty
 * @param gallery attacked pictures; may be empty
 * @param searches image searches under attack; may be empty
 * @param provenance where the numbers come from
 */
public record ReportModel(
    String title,
    String introduction,
    List<EvaluationReport> evaluations,
    Map<String, String> testSetNotes,
    Map<String, String> classGroups,
    List<TransferMatrix> transfers,
    List<RetrievalReport> retrievals,
    List<DriftReport> drifts,
    List<TrainingPoint> training,
    List<GalleryEntry> gallery,
    List<SearchExample> searches,
    List<ProvenanceEntry> provenance) {

  /** Copies the collections and asks for something to report. */
  public ReportModel {
    checkArgument(
        !evaluations.isEmpty() || !retrievals.isEmpty() || !drifts.isEmpty(),
        "a report needs at least one evaluation, be it of accuracy, retrieval or embeddings");
    evaluations = ImmutableList.copyOf(evaluations);
    testSetNotes = ImmutableMap.copyOf(testSetNotes);
    classGroups = ImmutableMap.copyOf(classGroups);
    transfers = ImmutableList.copyOf(transfers);
    retrievals = ImmutableList.copyOf(retrievals);
    drifts = ImmutableList.copyOf(drifts);
    training = ImmutableList.copyOf(training);
    gallery = ImmutableList.copyOf(gallery);
    searches = ImmutableList.copyOf(searches);
    provenance = ImmutableList.copyOf(provenance);
  }

  /** The same report with training curves. */
  public ReportModel withTraining(List<TrainingPoint> points) {
    return new ReportModel(
        title,
        introduction,
        evaluations,
        testSetNotes,
        classGroups,
        transfers,
        retrievals,
        drifts,
        points,
        gallery,
        searches,
        provenance);
  }

  /** Starts a report. */
  public static Builder builder(String title) {
    return new Builder(title);
  }

  /** Collects the parts of a {@link ReportModel}. */
  public static final class Builder {
    private final String title;
    private String introduction = "";
    private final List<EvaluationReport> evaluations = new ArrayList<>();
    private final Map<String, String> testSetNotes = new LinkedHashMap<>();
    private final Map<String, String> classGroups = new LinkedHashMap<>();
    private final List<TransferMatrix> transfers = new ArrayList<>();
    private final List<RetrievalReport> retrievals = new ArrayList<>();
    private final List<DriftReport> drifts = new ArrayList<>();
    private final List<TrainingPoint> training = new ArrayList<>();
    private final List<GalleryEntry> gallery = new ArrayList<>();
    private final List<SearchExample> searches = new ArrayList<>();
    private final List<ProvenanceEntry> provenance = new ArrayList<>();

    private Builder(String title) {
      this.title = title;
    }

    /** One or two sentences: what was done to what. */
    public Builder introduction(String introduction) {
      this.introduction = introduction;
      return this;
    }

    /** Adds a test set. */
    public Builder evaluation(EvaluationReport evaluation) {
      evaluations.add(evaluation);
      return this;
    }

    /** Adds a test set with what is special about it. */
    public Builder evaluation(EvaluationReport evaluation, String note) {
      testSetNotes.put(evaluation.dataSet(), note);
      return evaluation(evaluation);
    }

    /** The group that each class name is counted in. */
    public Builder classGroups(Map<String, String> groups) {
      classGroups.putAll(groups);
      return this;
    }

    /** Adds images made against one model and shown to the others. */
    public Builder transfer(TransferMatrix matrix) {
      transfers.add(matrix);
      return this;
    }

    /** Adds how images and texts find each other. */
    public Builder retrieval(RetrievalReport retrieval) {
      retrievals.add(retrieval);
      return this;
    }

    /** Adds how far embeddings move on images without labels. */
    public Builder drift(DriftReport drift) {
      drifts.add(drift);
      return this;
    }

    /** The training curves. */
    public Builder training(List<TrainingPoint> points) {
      training.addAll(points);
      return this;
    }

    /** Attacked pictures. */
    public Builder gallery(List<GalleryEntry> entries) {
      gallery.addAll(entries);
      return this;
    }

    /** Adds an image search. */
    public Builder search(SearchExample search) {
      searches.add(search);
      return this;
    }

    /** Adds a fact about where the numbers come from. */
    public Builder provenance(String group, String name, Object value) {
      provenance.add(new ProvenanceEntry(group, name, value.toString()));
      return this;
    }

    /** Adds the versions of the software and what machine it runs on. */
    public Builder environment() {
      String own = RobustnessEvaluation.class.getPackage().getImplementationVersion();
      provenance("Software", "FARE for the JVM", own == null ? "development" : own);
      provenance("Software", "DJL", Engine.getDjlVersion());
      provenance("Software", "libtorch", TorchEngine.get().getVersion());
      provenance("Software", "Java", Runtime.version());
      return provenance(
          "Machine",
          "processors",
          "%d × %s, %s"
              .formatted(
                  Runtime.getRuntime().availableProcessors(),
                  System.getProperty("os.arch"),
                  System.getProperty("os.name")));
    }

    /** Puts the report together. */
    public ReportModel build() {
      return new ReportModel(
          title,
          introduction,
          evaluations,
          testSetNotes,
          classGroups,
          transfers,
          retrievals,
          drifts,
          training,
          gallery,
          searches,
          provenance);
    }
  }
}
