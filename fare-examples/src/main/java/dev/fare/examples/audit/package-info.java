/** From a folder of images and some CLIPs to a report. */
@NullMarked
package dev.fare.examples.audit;

import org.jspecify.annotations.NullMarked;
