package dev.fare.evaluation.report;

/**
 * One fact about where the numbers come from.
 *
 * @param group such as {@code Weights}, {@code Data}, {@code Training}, {@code Software}
 * @param name such as {@code FARE encoder, SHA-256}
 * @param value as it is printed
 */
public record ProvenanceEntry(String group, String name, String value) {}
