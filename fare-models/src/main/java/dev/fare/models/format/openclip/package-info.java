/** open_clip's layout of a CLIP. */
@NullMarked
package dev.fare.models.format.openclip;

import org.jspecify.annotations.NullMarked;
