/** A Llama and what speaks with it: tokenizer, decoding, streaming. */
@NullMarked
package dev.fare.models.language;

import org.jspecify.annotations.NullMarked;
