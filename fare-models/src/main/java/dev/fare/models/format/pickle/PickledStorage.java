package dev.fare.models.format.pickle;

import dev.fare.io.ElementType;

/**
 * A run of numbers that a pickle refers to and that lies elsewhere in its file.
 *
 * @param key its name in the file
 * @param type of the numbers
 * @param size their count, as the pickle claims
 */
record PickledStorage(String key, ElementType type, long size) {}
