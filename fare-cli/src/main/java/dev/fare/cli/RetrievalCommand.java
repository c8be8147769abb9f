package dev.fare.cli;

import dev.fare.cli.options.AttackEffort;
import dev.fare.data.CaptionedImages;
import dev.fare.evaluation.audit.ImageSource;
import dev.fare.evaluation.audit.RetrievalAudit;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.report.TextTable;
import dev.fare.evaluation.report.Verdict;
import dev.fare.evaluation.retrieval.Recall;
import dev.fare.evaluation.retrieval.RetrievalReport;
import dev.fare.evaluation.retrieval.RetrievalResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fare retrieval}. */
@Command(
    name = "retrieval",
    description = {
      "Attacks images that have captions, and counts which captions they still find and which"
          + " captions still find them.",
      "APGD pushes each image from its own captions towards the others; the captions stay."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    footer = {
      "",
      "A list with the columns path and caption, two encoders compared:",
      "  fare retrieval --captions photos.csv --model original=clip --model FARE=fare4",
      "The first 500 images of COCO's validation:",
      "  fare retrieval --captions captions_val2014.json --images val2014 --count 500 --model clip"
    })
final class RetrievalCommand implements Callable<Integer> {

  @Option(
      names = "--captions",
      required = true,
      paramLabel = "<file>",
      description =
          "a list (.csv, .tsv or .jsonl; lines of one path are captions of one image), COCO's"
              + " captions (.json), or WebDataset archives with .txt files (.tar)")
  private String captions = "";

  @Option(
      names = "--images",
      paramLabel = "<folder>",
      description = "where the paths of the list begin; its own folder by default")
  private @Nullable Path images;

  @Option(
      names = "--path-column",
      paramLabel = "<name>",
      description = "of a list; default ${DEFAULT-VALUE}")
  private String pathColumn = "path";

  @Option(
      names = "--caption-column",
      paramLabel = "<name>",
      description = "of a list; default ${DEFAULT-VALUE}")
  private String captionColumn = "caption";

  @Mixin private AuditOptions audit = new AuditOptions();

  @ArgGroup(validate = false, heading = "%nThe attack:%n", order = 30)
  private AttackEffort effort = new AttackEffort();

  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    audit.folder(captions);
    try (Terminal terminal = common.terminal()) {
      Path list = Path.of(captions);
      Path folder = images != null ? images : ImageSource.folderOf(list);
      CaptionedImages data = ImageSource.captioned(captions, folder, pathColumn, captionColumn);
      RetrievalAudit.Builder builder =
          RetrievalAudit.of(data, String.valueOf(list.getFileName()))
              .attack(
                  RetrievalAudit.attack(
                      effort.steps.value(), effort.restarts.value(), effort.seed));
      ReportModel report = audit.describe(builder, effort.seed, terminal).build().run();
      RetrievalReport retrieval = report.retrievals().get(0);
      audit.publish(report, TextTable.of(retrieval), results(retrieval), terminal);
      RetrievalResult.Attacked decisive = Verdict.decisive(retrieval);
      return audit.judge(
          decisive.recall().imageToText().atK().get(0).share(),
          decisive.threatModel().label(),
          terminal);
    }
  }

  private static List<Map<String, Object>> results(RetrievalReport report) {
    List<Map<String, Object>> results = new ArrayList<>();
    for (RetrievalResult encoder : report.encoders()) {
      Map<String, Object> robust = new LinkedHashMap<>();
      for (RetrievalResult.Attacked attacked : encoder.attacked()) {
        robust.put(attacked.threatModel().label(), recalls(attacked.recall()));
      }
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("model", encoder.encoder());
      values.put("images", report.images());
      values.put("texts", report.texts());
      values.put("clean", recalls(encoder.clean()));
      values.put("robust", robust);
      results.add(values);
    }
    return results;
  }

  private static Map<String, Object> recalls(RetrievalResult.Directions directions) {
    Map<String, Object> recalls = new LinkedHashMap<>();
    recalls.put("imageToText", recall(directions.imageToText()));
    recalls.put("textToImage", recall(directions.textToImage()));
    return recalls;
  }

  private static Map<String, Object> recall(Recall recall) {
    Map<String, Object> byK = new LinkedHashMap<>();
    recall.atK().forEach(entry -> byK.put("at" + entry.k(), AuditOptions.share(entry.share())));
    return byK;
  }
}
