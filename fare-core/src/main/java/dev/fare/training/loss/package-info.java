/** What fine-tuning minimises, and what its attack climbs. */
@NullMarked
package dev.fare.training.loss;

import org.jspecify.annotations.NullMarked;
