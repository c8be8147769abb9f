/** A small image search: what an integrator's pipeline looks like around an encoder. */
@NullMarked
package dev.fare.examples.search;

import org.jspecify.annotations.NullMarked;
