/** What a step costs and where the time goes, as ratios measured in one run. */
@NullMarked
package dev.fare.examples.benchmarks;

import org.jspecify.annotations.NullMarked;
