/** Embeds and attacks sets of images of any size on Apache Spark. */
@NullMarked
package dev.fare.spark;

import org.jspecify.annotations.NullMarked;
