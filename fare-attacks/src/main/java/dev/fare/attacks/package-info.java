/** White-box and black-box attacks on any {@link dev.fare.Objective}. */
@NullMarked
package dev.fare.attacks;

import org.jspecify.annotations.NullMarked;
