/**
 * Data sets and their loading: images from disk, memory or DJL to {@code [N,3,H,W]} float32 in
 * [0,1], as Pillow with torchvision, Hugging Face's CLIP processor or LLaVA would give them.
 */
@NullMarked
package dev.fare.data;

import org.jspecify.annotations.NullMarked;
