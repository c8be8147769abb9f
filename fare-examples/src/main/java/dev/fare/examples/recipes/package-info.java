/** How the embedded models were made, each re-runnable from one command. */
@NullMarked
package dev.fare.examples.recipes;

import org.jspecify.annotations.NullMarked;
