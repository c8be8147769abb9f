/** Measures the encoder while it is trained, on images that training does not see. */
@NullMarked
package dev.fare.training.validation;

import org.jspecify.annotations.NullMarked;
