/** Options that commands share: what a user may write, and what it says to the libraries. */
@NullMarked
package dev.fare.cli.options;

import org.jspecify.annotations.NullMarked;
