package dev.fare.evaluation.drift;

import dev.fare.evaluation.statistics.Distribution;

/**
 * How far embeddings are from where they should be, image by image.
 *
 * @param cosine between the two embeddings, in [−1,1]
 * @param squaredDistance between them, summed over dimensions: what FARE trains down
 */
public record Drift(Distribution cosine, Distribution squaredDistance) {}
