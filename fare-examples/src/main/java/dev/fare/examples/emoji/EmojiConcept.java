package dev.fare.examples.emoji;

/**
 * One class of the data set.
 *
 * @param index the class label, from 0, which is also the concept's place in {@link
 *     EmojiPack#concepts()}
 * @param name what a person would call it, lower case and unique, such as {@code "hot dog"}
 * @param category the Unicode category, such as {@code "Food & Drink"}
 * @param unified the Unicode code points in upper-case hexadecimal joined by hyphens
 * @param cell the place in both sprite sheets, counted row by row from 0
 */
public record EmojiConcept(int index, String name, String category, String unified, int cell) {}
