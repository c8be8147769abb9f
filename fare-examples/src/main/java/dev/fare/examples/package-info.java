/** Programs that use the library, each in a package of its subject. */
@NullMarked
package dev.fare.examples;

import org.jspecify.annotations.NullMarked;
