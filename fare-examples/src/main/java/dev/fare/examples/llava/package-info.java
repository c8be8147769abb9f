/** A pipeline in the manner of LLaVA, and what changes when its encoder is swapped. */
@NullMarked
package dev.fare.examples.llava;

import org.jspecify.annotations.NullMarked;
