package dev.fare.evaluation.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import dev.fare.evaluation.Picture;
import dev.fare.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A report on disk: the page, and everything that it shows as JSON.
 *
 * @param html the page
 * @param json the JSON beside it
 */
public record ReportFiles(Path html, Path json) {

  private static final String NO_REPORT =
      " is not the JSON of a report; give the file that was written beside a page";

  /** For one report: how much its pictures may take depends on all of them. */
  private static Gson gson() {
    return EvaluationJson.configure(new GsonBuilder())
        .registerTypeAdapter(Picture.class, new PngImages.Json())
        .create();
  }

  /**
   * Writes a report; each file is there as a whole or not at all.
   *
   * @param html where the page goes, such as {@code report.html}; the JSON gets the same name with
   *     {@code .json}
   * @throws IOException if a file can't be written
   */
  public static ReportFiles write(ReportModel report, Path html) throws IOException {
    Path json = jsonOf(html);
    replace(json.toAbsolutePath(), json(report));
    writePage(report, html);
    return new ReportFiles(html, json);
  }

  /**
   * Writes the page alone.
   *
   * @throws IOException if it can't be written
   */
  public static void writePage(ReportModel report, Path html) throws IOException {
    replace(html.toAbsolutePath(), HtmlReport.render(report));
  }

  /** The page that belongs to a report's JSON, beside it. */
  public static Path pageOf(Path json) {
    return withEnding(json, ".json", ".html");
  }

  /** The JSON that belongs to a page, beside it. */
  public static Path jsonOf(Path html) {
    return withEnding(html, ".html", ".json");
  }

  private static Path withEnding(Path file, String ending, String other) {
    String name = file.getFileName().toString();
    String stem = name.endsWith(ending) ? name.substring(0, name.length() - ending.length()) : name;
    return file.resolveSibling(stem + other);
  }

  /**
   * Reads the JSON that {@link #write} left beside a page: rendered again it is the same page.
   *
   * @throws IOException if the file can't be read or is no such report
   */
  public static ReportModel read(Path json) throws IOException {
    try {
      ReportModel report = gson().fromJson(Files.readString(json), ReportModel.class);
      if (report != null) {
        return report;
      }
    } catch (MalformedInputException e) {
      throw new IOException(json + " is no text", e);
    } catch (JsonParseException e) {
      throw new IOException(json + NO_REPORT + ": " + e.getMessage(), e);
    } catch (RuntimeException e) { // Gson wraps what a record refuses in a plain one
      throw new IOException(json + NO_REPORT, e);
    }
    throw new IOException(json + " is empty");
  }

  /** A report as JSON text. */
  public static String json(ReportModel report) {
    return gson().toJson(report);
  }

  private static void replace(Path file, String text) throws IOException {
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
