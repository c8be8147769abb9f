/** The paper's attacks on models that see and speak, and what they did to the answers. */
@NullMarked
package dev.fare.evaluation.vlm;

import org.jspecify.annotations.NullMarked;
