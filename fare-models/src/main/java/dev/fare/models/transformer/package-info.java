/** What vision, text and language transformers share. */
@NullMarked
package dev.fare.models.transformer;

import org.jspecify.annotations.NullMarked;
