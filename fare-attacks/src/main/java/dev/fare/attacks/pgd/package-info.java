/** The loop of projected gradient descent. */
@NullMarked
package dev.fare.attacks.pgd;

import org.jspecify.annotations.NullMarked;
