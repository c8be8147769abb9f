/** The original encoder's embeddings of a data set, kept in a file. */
@NullMarked
package dev.fare.training.reference;

import org.jspecify.annotations.NullMarked;
