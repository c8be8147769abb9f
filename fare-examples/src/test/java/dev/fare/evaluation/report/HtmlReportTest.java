package dev.fare.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fare.AttackCost;
import dev.fare.ThreatModel;
import dev.fare.evaluation.AttackOutcome;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.ClassAccuracy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class HtmlReportTest {

  private static final Pattern TAG =
      Pattern.compile("<(/?)([a-zA-Z0-9]+)((?:\"[^\"]*\"|[^>\"])*)>");
  private static final Set<String> VOID = Set.of("meta", "img", "br", "hr", "link", "input");

  @Test
  void needsNothingFromTheNetworkAndNoScript() {
    String page = HtmlReport.render(ReportFixture.full());

    assertThat(page)
        .doesNotContain("http:", "https:", "<script", "<link", "@import", "url(", "//cdn");
  }

  @Test
  void givesTheSamePageForTheSameReport() {
    assertThat(HtmlReport.render(ReportFixture.full()))
        .isEqualTo(HtmlReport.render(ReportFixture.full()));
  }

  @Test
  void closesEveryElementItOpens() {
    Deque<String> open = new ArrayDeque<>(List.of("html"));

    Matcher tags = TAG.matcher(body(HtmlReport.render(ReportFixture.full())));
    while (tags.find()) {
      String name = tags.group(2);
      if (!tags.group(1).isEmpty()) {
        assertThat(open.pop()).isEqualTo(name);
      } else if (!VOID.contains(name)) {
        open.push(name);
      }
    }

    assertThat(open).isEmpty();
  }

  @Test
  void describesEveryPictureAndChartInWords() {
    String page = body(HtmlReport.render(ReportFixture.full()));

    List<String> images = all(page, "<img[^>]*>");
    assertThat(images).hasSize(3 * 6 + 2 * 2 * 6);
    assertThat(images).allMatch(tag -> tag.matches(".* alt=\"[^\"]{3,}\".*"));
    List<String> charts = all(page, "<svg[^>]*>");
    assertThat(charts).hasSize(2 + 3);
    assertThat(charts)
        .allMatch(tag -> tag.contains("role=\"img\"") && tag.contains("aria-label=\""));
    assertThat(charts.get(0))
        .contains("Robust accuracy against epsilon on Test set A")
        .contains(
            "original goes from 95\u202f% to 0\u202f%; FARE goes from 89\u202f% to 58\u202f%");
  }

  @Test
  void namesTablesColumnsAndRowsForScreenReaders() {
    String page = body(HtmlReport.render(ReportFixture.full()));

    assertThat(all(page, "<table")).isNotEmpty().hasSameSizeAs(all(page, "<caption"));
    assertThat(all(page, "<th[ >][^>]*>")).isNotEmpty().allMatch(tag -> tag.contains("scope="));
    assertThat(all(page, "class=\"scroll\"[^>]*"))
        .isNotEmpty()
        .allMatch(tag -> tag.contains("tabindex=\"0\""));
  }

  @Test
  void linksLeadToSectionsThatAreThere() {
    String page = body(HtmlReport.render(ReportFixture.full()));

    List<String> targets = all(page, "href=\"#[^\"]*\"");
    assertThat(targets).hasSizeGreaterThan(6);
    for (String target : targets) {
      assertThat(page).contains("id=\"" + target.substring(7));
    }
  }

  @Test
  void showsSharesWithTheirIntervals() {
    String page = HtmlReport.render(small("set", "cat"));

    // Wilson: 0 of 20 reaches up to 16.1 %
    assertThat(page).contains("95.0\u202f%", "76.4–99.1", "0.0\u202f%", "0.0–16.1");
  }

  @Test
  void comparesTheModelsImageByImage() {
    String page = HtmlReport.render(ReportFixture.full());
    String section =
        page.substring(page.indexOf("id=\"comparison\""), page.indexOf("id=\"reading\""));

    // 914 and 853 of 960 are right; the fixture draws each model's luck for itself
    assertThat(section).contains("only original", "only FARE", "&lt; 0.001");
    assertThat(section).contains("87.3\u202f%", "58.4\u202f%"); // 838 and 561 of 960
    assertThat(all(section, "<table")).hasSize(4);
  }

  @Test
  void leavesOutSectionsThatHaveNothingToShow() {
    String page = body(HtmlReport.render(small("set", "cat")));

    assertThat(page).contains("id=\"results\"", "id=\"reading\"");
    assertThat(page)
        .doesNotContain(
            "id=\"training\"",
            "id=\"comparison\"",
            "id=\"gallery\"",
            "id=\"search\"",
            "id=\"provenance\"",
            "#training");
  }

  @Test
  void escapesWhateverComesFromOutside() {
    String page = HtmlReport.render(small("<script>alert(1)</script>", "cat\"><img src=x>"));

    assertThat(page).doesNotContain("<script>alert", "<img src=x>");
    assertThat(page).contains("&lt;script&gt;alert(1)");
  }

  private static ReportModel small(String dataSet, String className) {
    ThreatResult threat =
        new ThreatResult(
            ThreatModel.linf(4 / 255.0),
            new Accuracy(0, 20),
            List.of(new ClassAccuracy(0, new Accuracy(0, 20))),
            List.of(
                new AttackOutcome(
                    "PGD", new Accuracy(0, 20), 19, List.of(), AttackCost.NONE, 2.5)));
    ModelResult model =
        new ModelResult(
            "CLIP",
            new Accuracy(19, 20),
            List.of(new ClassAccuracy(0, new Accuracy(19, 20))),
            List.of(),
            List.of(threat),
            0.5);
    return ReportModel.builder("A report")
        .evaluation(
            new EvaluationReport(
                dataSet, "20 images", List.of(className), List.of(0), Map.of(), List.of(model)))
        .build();
  }

  private static String body(String page) {
    return page.substring(page.indexOf("<body"));
  }

  private static List<String> all(String page, String regex) {
    return Pattern.compile(regex).matcher(page).results().map(MatchResult::group).toList();
  }
}
