package dev.fare.evaluation;

import dev.fare.ImageEncoder;

/** An encoder under the name that it has in a report. */
public record NamedEncoder(String name, ImageEncoder encoder) {}
