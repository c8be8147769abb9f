/** From each format of a CLIP to the others. */
@NullMarked
package dev.fare.models.export;

import org.jspecify.annotations.NullMarked;
