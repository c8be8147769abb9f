/** An evaluation as a page that people read: one HTML file that needs no network. */
@NullMarked
package dev.fare.evaluation.report;

import org.jspecify.annotations.NullMarked;
