/** What a guard at an application's door is worth, measured. */
@NullMarked
package dev.fare.examples.guard;

import org.jspecify.annotations.NullMarked;
