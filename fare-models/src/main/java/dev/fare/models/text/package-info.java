/** The text tower and its tokenizer. */
@NullMarked
package dev.fare.models.text;

import org.jspecify.annotations.NullMarked;
