/** Reading and writing weights in the layouts that are found in the wild. */
@NullMarked
package dev.fare.models.format;

import org.jspecify.annotations.NullMarked;
