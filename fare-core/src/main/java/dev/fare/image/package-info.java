/**
 * Pictures: decoding, resizing with the arithmetic of Pillow, and preparing pixels for an encoder.
 */
@NullMarked
package dev.fare.image;

import org.jspecify.annotations.NullMarked;
