/**
 * The two blocks that make an OpenFlamingo of a CLIP and a language model; the tokens they take are
 * {@link dev.fare.models.TokenLayer#OPEN_FLAMINGO}.
 */
@NullMarked
package dev.fare.vlm.flamingo;

import org.jspecify.annotations.NullMarked;
