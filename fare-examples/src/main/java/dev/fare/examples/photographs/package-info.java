/** Real photographs: a small CLIP of one's own classes, made robust and evaluated. */
@NullMarked
package dev.fare.examples.photographs;

import org.jspecify.annotations.NullMarked;
