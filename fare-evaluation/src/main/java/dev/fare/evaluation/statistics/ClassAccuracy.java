package dev.fare.evaluation.statistics;

/**
 * The accuracy on one class.
 *
 * @param label the class, from 0
 * @param accuracy on the images of that class
 */
public record ClassAccuracy(int label, Accuracy accuracy) {}
