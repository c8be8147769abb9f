/** LLaVA-1.5: a vision tower, a projector and a Llama, differentiable from text to pixels. */
@NullMarked
package dev.fare.vlm.llava;

import org.jspecify.annotations.NullMarked;
