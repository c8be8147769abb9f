/** DJL's ways in: an encoder as a {@code Block}, and {@code fare://} URLs for {@code Criteria}. */
@NullMarked
package dev.fare.models.djl;

import org.jspecify.annotations.NullMarked;
