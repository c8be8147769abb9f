/** Models that see and speak, and what an attack on them climbs. */
@NullMarked
package dev.fare.vlm;

import org.jspecify.annotations.NullMarked;
