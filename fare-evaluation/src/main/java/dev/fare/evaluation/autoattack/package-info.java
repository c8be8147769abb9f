/** AutoAttack as an evaluation: attack by attack over the images that are still robust. */
@NullMarked
package dev.fare.evaluation.autoattack;

import org.jspecify.annotations.NullMarked;
