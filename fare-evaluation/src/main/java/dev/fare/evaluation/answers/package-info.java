/** How good a vision-language model's answers are: captions, answers to questions, yes and no. */
@NullMarked
package dev.fare.evaluation.answers;

import org.jspecify.annotations.NullMarked;
