package dev.fare.io;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;

/**
 * Feeds the header's parser what Jazzer invents: {@code mvn -Pfuzz -pl fare-core test
 * -Dtest=SafetensorsFuzz}.
 *
 * <p>What it finds becomes a case of {@code SafetensorsFileTest}.
 */
class SafetensorsFuzz {

  @FuzzTest(maxDuration = "60s")
  void header(FuzzedDataProvider data) {
    long dataLength = data.consumeLong(0, 64);
    String json = data.consumeRemainingAsString();
    SafetensorsHeader header;
    try {
      header = SafetensorsHeader.parse(StandardCharsets.UTF_8.encode(json), dataLength, "header");
    } catch (ModelFormatException expected) {
      return;
    }
    for (SafetensorsHeader.Entry entry : header.entries().values()) {
      if (entry.begin() < 0 || entry.end() > dataLength) {
        throw new AssertionError(entry + " lies outside of the data");
      }
    }
  }
}
