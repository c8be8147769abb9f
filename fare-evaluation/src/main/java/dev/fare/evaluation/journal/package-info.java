/** What an evaluation has found so far, on disk, so that it can go on after it was stopped. */
@NullMarked
package dev.fare.evaluation.journal;

import org.jspecify.annotations.NullMarked;
