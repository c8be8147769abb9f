package dev.fare.evaluation.report;

import dev.fare.evaluation.Picture;

/**
 * One picture that a search found.
 *
 * @param name what it shows
 * @param picture the picture
 * @param similarity cosine to the query, in [−1,1]
 * @param relevant whether it shows what the query shows
 */
public record SearchHit(String name, Picture picture, double similarity, boolean relevant) {}
