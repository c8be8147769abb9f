/** A Llama and what speaks with it: tokenizer, decoding, streaming. */
@NullMarked
package dev.fare.vlm.language;

import org.jspecify.annotations.NullMarked;
