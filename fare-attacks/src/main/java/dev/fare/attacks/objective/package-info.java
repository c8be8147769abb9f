/** What attacks on classifiers climb. */
@NullMarked
package dev.fare.attacks.objective;

import org.jspecify.annotations.NullMarked;
