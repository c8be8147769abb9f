/** LLaVA-1.5: a vision tower, a projector and a Llama, differentiable from text to pixels. */
@NullMarked
package dev.fare.models.llava;

import org.jspecify.annotations.NullMarked;
