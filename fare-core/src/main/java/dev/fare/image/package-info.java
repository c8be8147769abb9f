/**
 * Pictures: decoding, resizing with the arithmetic of Pillow, and preparing pixels for an encoder.
 *
 * <p>Three forms of one thing:
 *
 * <ul>
 *   <li>a {@link PixelImage} is a decoded picture: bytes, of any size, in the mode of its file;
 *   <li>{@link ai.djl.modality.cv.Image} is DJL's form of it, which hosts hand over: {@link
 *       PixelImage#of(ai.djl.modality.cv.Image)} takes it;
 *   <li><em>pixels</em> are what an encoder takes: an array {@code [N,3,H,W]} in [0,1], made by
 *       {@link ClipPreprocessing}. Of one image off the device, {@code dev.fare.evaluation} keeps a
 *       {@code Picture}.
 * </ul>
 */
@NullMarked
package dev.fare.image;

import org.jspecify.annotations.NullMarked;
