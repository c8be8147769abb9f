/** Retrieval between images and texts, clean and under attack. */
@NullMarked
package dev.fare.evaluation.retrieval;

import org.jspecify.annotations.NullMarked;
