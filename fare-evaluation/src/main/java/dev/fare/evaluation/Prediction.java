package dev.fare.evaluation;

/**
 * What a model thinks an image shows.
 *
 * @param label the class, from 0
 * @param className its name
 * @param probability the softmax over all classes, in [0,1]
 */
public record Prediction(int label, String className, double probability) {}
