package dev.fare.image;

import static com.google.common.base.Preconditions.checkArgument;

/** How an image of any shape becomes a square. */
public sealed interface ResizeMode {
  /** The shorter side becomes the square's, and the middle of the longer one is kept. */
  record ShortestSide(CropRounding rounding) implements ResizeMode {}

  /** Both sides become the square's; the shape is not kept. */
  record Squash() implements ResizeMode {}

  /** Bars of one colour make it a square first, which is then resized; nothing is cut off. */
  record PadToSquare(int red, int green, int blue) implements ResizeMode {
    /** Colours are in 0..255. */
    public PadToSquare {
      checkArgument(
          Math.min(red, Math.min(green, blue)) >= 0 && Math.max(red, Math.max(green, blue)) <= 255,
          "a colour's parts must be in 0..255, got (%s, %s, %s)",
          red,
          green,
          blue);
    }
  }

  /** Where the middle begins when an odd number of pixels is cut off. */
  enum CropRounding {
    /** torchvision: {@code round(surplus / 2)}, halves to the even number. */
    HALF_TO_EVEN {
      @Override
      int offset(int surplus) {
        return (int) Math.rint(surplus / 2.0);
      }
    },
    /** Hugging Face: {@code floor(surplus / 2)}. */
    FLOOR {
      @Override
      int offset(int surplus) {
        return surplus / 2;
      }
    };

    abstract int offset(int surplus);
  }
}
