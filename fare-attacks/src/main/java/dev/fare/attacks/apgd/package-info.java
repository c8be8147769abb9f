/** The loop of APGD and the rules for its step size. */
@NullMarked
package dev.fare.attacks.apgd;

import org.jspecify.annotations.NullMarked;
