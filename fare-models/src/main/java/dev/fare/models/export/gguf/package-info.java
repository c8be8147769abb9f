/** llama.cpp's GGUF: reads its files, and puts a robust vision tower into an {@code mmproj}. */
@NullMarked
package dev.fare.models.export.gguf;

import org.jspecify.annotations.NullMarked;
