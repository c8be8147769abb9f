package dev.fare.training.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {

  private static final JsonObject RECORDED = read("e_cosine_lr.json");

  private static JsonObject read(String name) {
    InputStream in = LearningRateScheduleTest.class.getResourceAsStream(name);
    return JsonParser.parseReader(new InputStreamReader(in, StandardCharsets.UTF_8))
        .getAsJsonObject();
  }

  @Test
  void followsOpenClipsCosineSchedule() {
    LearningRateSchedule schedule =
        LearningRateSchedule.cosine(
            RECORDED.get("warmup").getAsInt(), RECORDED.get("total").getAsInt());
    double peak = RECORDED.get("base_lr").getAsDouble();

    for (JsonElement value : RECORDED.getAsJsonArray("values")) {
      long step = value.getAsJsonObject().get("step").getAsLong();
      double expected = value.getAsJsonObject().get("lr").getAsDouble();
      assertThat(schedule.rate(peak, step)).as("step %d", step).isCloseTo(expected, within(1e-20));
    }
  }

  @Test
  void canRunTheFirstUpdateAtThePeakAsThePapersLoopDid() {
    LearningRateSchedule cosine = LearningRateSchedule.cosine(1_400, 20_000);
    LearningRateSchedule paper = (peak, update) -> update == 0 ? peak : cosine.rate(peak, update);

    JsonElement used =
        RECORDED.getAsJsonObject("robustvlm_lr_used_by_update").get("first_six_updates");
    for (int update = 0; update < 6; update++) {
      assertThat(paper.rate(1e-5, update))
          .isCloseTo(used.getAsJsonArray().get(update).getAsDouble(), within(1e-20));
    }
  }

  @Test
  void staysAtThePeakAfterTheWarmUpWhenConstant() {
    LearningRateSchedule schedule = LearningRateSchedule.constant(4);

    assertThat(schedule.rate(8, 0)).isEqualTo(2);
    assertThat(schedule.rate(8, 3)).isEqualTo(8);
    assertThat(schedule.rate(8, 1_000_000)).isEqualTo(8);
    assertThat(LearningRateSchedule.constant().rate(8, 0)).isEqualTo(8);
  }

  @Test
  void refusesAWarmUpLongerThanTheRun() {
    assertThatThrownBy(() -> LearningRateSchedule.cosine(11, 10))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("warmupSteps must be at most steps, got 11 of 10");
    assertThatThrownBy(() -> LearningRateSchedule.constant(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("warmupSteps must be at least 0, got -1");
  }
}
