/** Downloads models from Hugging Face's hub, on request only. */
@NullMarked
package dev.fare.models.hub;

import org.jspecify.annotations.NullMarked;
