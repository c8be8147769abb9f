/** The quick start: FARE on real images, from one command. */
@NullMarked
package dev.fare.examples.quickstart;

import org.jspecify.annotations.NullMarked;
