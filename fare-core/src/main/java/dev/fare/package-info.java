/** The vocabulary of adversarial robustness: encoders, threat models, objectives and attacks. */
@NullMarked
package dev.fare;

import org.jspecify.annotations.NullMarked;
