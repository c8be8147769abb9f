package dev.fare.examples.report;

/**
 * One point of the training curves.
 *
 * @param step updates so far, from 1
 * @param loss FARE's loss: mean squared distance of adversarial embeddings to the original's clean
 *     ones
 * @param cosineClean mean cosine between both encoders' embeddings of the clean image
 * @param cosineAdversarial mean cosine between the embedding of the attacked image and the
 *     original's of the clean one
 * @param learningRate used for this update
 */
public record TrainingPoint(
    int step, double loss, double cosineClean, double cosineAdversarial, double learningRate) {}
