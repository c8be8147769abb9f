/** Shares of images with their intervals, and how numbers are distributed over images. */
@NullMarked
package dev.fare.evaluation.statistics;

import org.jspecify.annotations.NullMarked;
