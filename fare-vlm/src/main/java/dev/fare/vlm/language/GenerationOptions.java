package dev.fare.vlm.language;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;

/**
 * How texts are made; greedy by default.
 *
 * @param maxNewTokens the most tokens of a text
 * @param temperature what logits are divided by before a token is drawn; 0 takes the likeliest
 * @param topP a token is drawn among the likeliest whose probabilities add up to this; 1 for all
 * @param seed where the random draws come from
 * @param beams how many beginnings are kept; above 1 the likeliest text among them is searched for
 * @param lengthPenalty exponent of the length by which a text's log-probability is divided in a
 *     beam search
 * @param stops texts that end an answer, and are cut off with what follows
 */
public record GenerationOptions(
    int maxNewTokens,
    double temperature,
    double topP,
    long seed,
    int beams,
    double lengthPenalty,
    List<String> stops) {

  /** Copies the list and checks the values. */
  public GenerationOptions {
    stops = List.copyOf(stops);
    checkArgument(maxNewTokens > 0, "maxNewTokens must be at least 1, got %s", maxNewTokens);
    checkArgument(
        temperature >= 0 && Double.isFinite(temperature),
        "temperature must be 0 (greedy) or positive, got %s",
        temperature);
    checkArgument(topP > 0 && topP <= 1, "topP must be in (0, 1], got %s", topP);
    checkArgument(beams > 0, "beams must be at least 1, got %s", beams);
    checkArgument(
        beams == 1 || temperature == 0,
        "a beam search draws nothing and needs temperature 0, got %s",
        temperature);
    checkArgument(
        stops.stream().noneMatch(String::isEmpty), "a text that ends an answer can't be empty");
  }

  /** Greedy decoding of at most this many tokens. */
  public static GenerationOptions greedy(int maxNewTokens) {
    return builder(maxNewTokens).build();
  }

  /** Starts from greedy decoding of at most this many tokens. */
  public static Builder builder(int maxNewTokens) {
    return new Builder(maxNewTokens);
  }

  /** Settings of a {@link GenerationOptions}. */
  public static final class Builder {
    private final int maxNewTokens;
    private double temperature;
    private double topP = 1;
    private long seed;
    private int beams = 1;
    private double lengthPenalty = 1;
    private List<String> stops = List.of();

    private Builder(int maxNewTokens) {
      this.maxNewTokens = maxNewTokens;
    }

    /** Draws tokens; 1 draws as the model says, less prefers the likely ones. */
    public Builder temperature(double temperature) {
      this.temperature = temperature;
      return this;
    }

    /** Draws among the likeliest tokens whose probabilities add up to this. */
    public Builder topP(double topP) {
      this.topP = topP;
      return this;
    }

    /** Where the draws come from: a row's draws depend on this, the row and the place alone. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /** Searches for the likeliest text with this many beginnings. */
    public Builder beams(int beams) {
      this.beams = beams;
      return this;
    }

    /** Above 0 prefers longer texts in a beam search, below 0 shorter ones. */
    public Builder lengthPenalty(double lengthPenalty) {
      this.lengthPenalty = lengthPenalty;
      return this;
    }

    /** Texts that end an answer. */
    public Builder stops(String... stops) {
      this.stops = List.of(stops);
      return this;
    }

    /**
     * The options.
     *
     * @throws IllegalArgumentException if a value is not allowed
     */
    public GenerationOptions build() {
      return new GenerationOptions(
          maxNewTokens, temperature, topP, seed, beams, lengthPenalty, stops);
    }
  }
}
