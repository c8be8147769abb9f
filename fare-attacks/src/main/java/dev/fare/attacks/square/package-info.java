/** The loop of the Square attack, its schedule and its windows. */
@NullMarked
package dev.fare.attacks.square;

import org.jspecify.annotations.NullMarked;
