/** The tensor arithmetic that attacks share. */
@NullMarked
package dev.fare.attacks.tensor;

import org.jspecify.annotations.NullMarked;
