/** The loop of FAB and its projection onto a hyperplane. */
@NullMarked
package dev.fare.attacks.fab;

import org.jspecify.annotations.NullMarked;
