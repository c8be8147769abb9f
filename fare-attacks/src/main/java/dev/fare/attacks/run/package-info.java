/** What every attack keeps while it runs: its budget, the images still attacked, the best found. */
@NullMarked
package dev.fare.attacks.run;

import org.jspecify.annotations.NullMarked;
