package dev.fare.evaluation.drift;

import ai.djl.ndarray.NDArray;

/**
 * Some unlabelled images on their way through an encoder; the arrays are freed after the batch.
 *
 * @param pixels {@code [N,3,H,W]} float32 in [0,1]
 * @param referenceEmbeddings {@code [N,D]}, where the images should stay
 * @param imageIds each image's index in the data set, so that random draws don't depend on batches
 */
@SuppressWarnings("ArrayRecordComponent") // handed through, never compared
public record EncoderBatch(NDArray pixels, NDArray referenceEmbeddings, long[] imageIds) {}
