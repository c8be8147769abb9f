package dev.fare.examples.emoji;

/**
 * One drawing: a concept in a style.
 *
 * @param concept the concept's index in {@link EmojiPack#concepts()}
 * @param style the drawing style
 */
public record EmojiPair(int concept, EmojiStyle style) {}
