package dev.fare.cli;

import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.report.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fare report}. */
@Command(
    name = "report",
    description = "Makes the page of a report again from its JSON.",
    mixinStandardHelpOptions = true,
    footer = {"", "  fare report report.json --output page.html"})
final class ReportCommand implements Callable<Integer> {

  @Parameters(paramLabel = "<report.json>", description = "what evaluate has left beside a page")
  private Path json = Path.of("");

  @Option(
      names = "--output",
      paramLabel = "<file>",
      description = "the page; by default beside the JSON")
  private @Nullable Path output;

  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    try (Terminal terminal = common.terminal()) {
      Path page = output != null ? output : ReportFiles.pageOf(json);
      CommonOptions.checkOutput(page, json.toString());
      ReportModel report = ReportFiles.read(json);
      ReportFiles.writePage(report, page);
      terminal.say(Verdict.of(report).headline());
      terminal.say("%nThe report: %s", page);
      terminal.result(Map.of("verdict", Verdict.of(report).headline(), "html", page.toString()));
      return 0;
    }
  }
}
