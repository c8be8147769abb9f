/** The attacks on the embedded CLIP, with their output. */
@NullMarked
package dev.fare.examples.attacks;

import org.jspecify.annotations.NullMarked;
