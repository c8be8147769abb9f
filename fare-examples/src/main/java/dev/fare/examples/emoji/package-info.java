/**
 * The embedded data set: the same everyday things drawn in two styles, the split into trained and
 * held-out drawings, and the scenes they are rendered into.
 */
@NullMarked
package dev.fare.examples.emoji;

import org.jspecify.annotations.NullMarked;
