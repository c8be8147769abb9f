/** CLIP models and the robust drop-in encoder. */
@NullMarked
package dev.fare.models;

import org.jspecify.annotations.NullMarked;
