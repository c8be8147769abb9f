package dev.fare.evaluation;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.fare.evaluation.answers.CaptionFiles;
import dev.fare.evaluation.journal.EvaluationJournal;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.TrainingPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Feeds the readers of answers, reports and journals what Jazzer invents: {@code mvn -Pfuzz -pl
 * fare-evaluation -am test -Dtest=FilesFuzz#journal -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class FilesFuzz {

  private static final String DURATION = "60s";

  private static Path directory;

  /** What reads a file. */
  private interface Reader {
    void read(Path file) throws IOException;
  }

  @BeforeAll
  static void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("fuzz");
  }

  @AfterAll
  static void deleteDirectory() throws IOException {
    MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
  }

  @FuzzTest(maxDuration = DURATION)
  void answers(byte[] json) throws IOException {
    isReadOrRefused(json, CaptionFiles::readCaptionReferences);
    isReadOrRefused(json, CaptionFiles::readCaptions);
    isReadOrRefused(json, CaptionFiles::readVqaQuestions);
    isReadOrRefused(json, CaptionFiles::readVqaReferences);
    isReadOrRefused(json, CaptionFiles::readAnswers);
    isReadOrRefused(json, CaptionFiles::readPope);
  }

  @FuzzTest(maxDuration = DURATION)
  void report(byte[] json) throws IOException {
    isReadOrRefused(json, ReportFiles::read);
    isReadOrRefused(json, TrainingPoint::read);
  }

  @FuzzTest(maxDuration = DURATION)
  void journal(byte[] lines) throws IOException {
    isReadOrRefused(lines, file -> EvaluationJournal.open(file, "evaluation").close());
  }

  /** A journal that can't be used is an illegal state. */
  private static void isReadOrRefused(byte[] bytes, Reader reader) throws IOException {
    Path file = Files.write(directory.resolve("file"), bytes);
    try {
      reader.read(file);
    } catch (IOException | IllegalStateException expected) {
      if (!String.valueOf(expected.getMessage()).contains(file.toString())) {
        throw new AssertionError("the message does not name the file", expected);
      }
    }
  }
}
