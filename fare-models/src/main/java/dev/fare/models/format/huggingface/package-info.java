/** Hugging Face's layout of a CLIP. */
@NullMarked
package dev.fare.models.format.huggingface;

import org.jspecify.annotations.NullMarked;
