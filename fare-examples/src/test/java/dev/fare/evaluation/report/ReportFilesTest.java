package dev.fare.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReportFilesTest {

  @TempDir Path folder;

  @Test
  void writesThePageAndTheSameNumbersAsJson() throws IOException {
    ReportModel report = ReportFixture.full();

    ReportFiles files = ReportFiles.write(report, folder.resolve("new/report.html"));

    assertThat(files.html()).content().isEqualTo(HtmlReport.render(report));
    JsonObject json = JsonParser.parseString(Files.readString(files.json())).getAsJsonObject();
    JsonObject fare =
        json.getAsJsonArray("evaluations")
            .get(0)
            .getAsJsonObject()
            .getAsJsonArray("models")
            .get(1)
            .getAsJsonObject();
    assertThat(fare.get("model").getAsString()).isEqualTo("FARE");
    assertThat(fare.getAsJsonObject("clean").get("value").getAsDouble())
        .isEqualTo(report.evaluations().get(0).model("FARE").clean().value());
    assertThat(json.getAsJsonArray("training")).hasSize(400);
    assertThat(json.getAsJsonArray("provenance")).hasSameSizeAs(report.provenance());
  }

  @Test
  void aReportThatIsReadAgainIsTheSamePage() throws IOException {
    ReportFiles files = ReportFiles.write(ReportFixture.full(), folder.resolve("report.html"));

    ReportModel again = ReportFiles.read(files.json());

    assertThat(HtmlReport.render(again)).isEqualTo(Files.readString(files.html()));
    assertThat(again.evaluations()).isEqualTo(ReportFixture.full().evaluations());
    assertThat(again.drifts()).isEqualTo(ReportFixture.full().drifts());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{\"title\": \"nothing\"}",
        "{\"gallery\": [{\"clean\": \"data:image/png;base64,AAAA\"}]}"
      })
  void saysWhatItCannotRead(String text) throws IOException {
    Path json = Files.writeString(folder.resolve("broken.json"), text);

    assertThatThrownBy(() -> ReportFiles.read(json))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("broken.json");
  }

  @Test
  void picturesThatClaimMoreThanTheFileCouldHoldAreRefused() throws IOException {
    ReportFiles files = ReportFiles.write(ReportFixture.full(), folder.resolve("report.html"));
    String text = Files.readString(files.json());
    String start = "data:image/png;base64,";
    int from = text.indexOf(start) + start.length();
    byte[] png = Base64.getDecoder().decode(text.substring(from, text.indexOf('"', from)));
    ByteBuffer.wrap(png).putInt(16, 13_377).putInt(20, 13_377); // width and height
    CRC32 checksum = new CRC32();
    checksum.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) checksum.getValue());
    String hostile = Base64.getEncoder().encodeToString(png);
    Path json = folder.resolve("hostile.json");
    Files.writeString(
        json, text.substring(0, from) + hostile + text.substring(text.indexOf('"', from)));

    assertThatThrownBy(() -> ReportFiles.read(json))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("hostile.json")
        .hasMessageContaining("13377 x 13377");
  }

  @Test
  void replacesAnOlderReportAndLeavesNothingElseBehind() throws IOException {
    Path page = folder.resolve("report.html");
    Files.writeString(page, "old");

    ReportFiles.write(ReportFixture.full(), page);

    assertThat(page).content().startsWith("<!DOCTYPE html>");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("report.html", "report.json");
    }
  }

  @Test
  void keepsTheOlderReportWhereItCannotWrite() throws IOException {
    Path blocked = folder.resolve("file");
    Files.writeString(blocked, "not a folder");

    assertThatThrownBy(() -> ReportFiles.write(ReportFixture.full(), blocked.resolve("a.html")))
        .isInstanceOf(IOException.class);
    assertThat(blocked).content().isEqualTo("not a folder");
  }
}
