/** The command line: each command is a few lines over the library. */
@NullMarked
package dev.fare.cli;

import org.jspecify.annotations.NullMarked;
