/**
 * A small LLaVA: how its user is deceived and how a robust encoder helps ({@link
 * dev.fare.examples.llava.LlavaStory}), and a host's own pipeline whose encoder is swapped in one
 * line ({@link dev.fare.examples.llava.LlavaSwap}).
 */
@NullMarked
package dev.fare.examples.llava;

import org.jspecify.annotations.NullMarked;
