package dev.fare.evaluation;

import ai.djl.ndarray.NDArray;

/**
 * Some images of a data set on their way through a model; the arrays are freed after the batch.
 *
 * @param pixels {@code [N,3,H,W]} float32 in [0,1]
 * @param labels {@code [N]} int64
 * @param imageIds each image's index in the data set, so that random draws don't depend on batches
 */
@SuppressWarnings("ArrayRecordComponent") // handed through, never compared
public record LabelledBatch(NDArray pixels, NDArray labels, long[] imageIds) {}
