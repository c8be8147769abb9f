/** What a newcomer runs. */
@NullMarked
package dev.fare.examples;

import org.jspecify.annotations.NullMarked;
