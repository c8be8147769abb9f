/** From a folder of images and some CLIPs to a report. */
@NullMarked
package dev.fare.evaluation.audit;

import org.jspecify.annotations.NullMarked;
