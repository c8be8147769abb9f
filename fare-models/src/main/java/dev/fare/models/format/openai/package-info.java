/** OpenAI's archives of a CLIP. */
@NullMarked
package dev.fare.models.format.openai;

import org.jspecify.annotations.NullMarked;
