package dev.fare.examples.emoji;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Writes a PNG to look at: rows of training scenes, then of test set A, then of test set B. */
public final class EmojiContactSheet {
  private static final int COLUMNS = 16;

  private EmojiContactSheet() {}

  /** Arguments: the PNG to write and the number of rows for each of the three parts. */
  public static void main(String[] args) throws IOException {
    if (args.length != 2) {
      throw new IllegalArgumentException(
          "expected 2 arguments, got " + args.length + ": OUTPUT.png ROWS");
    }
    EmojiData data = EmojiData.load();
    int rows = Integer.parseInt(args[1]);
    int count = COLUMNS * rows;
    int canvas = data.scenes().canvas();
    int scenesPerPair = 1 + count / data.split().heldOutPairs().size();
    BufferedImage sheet =
        new BufferedImage(COLUMNS * canvas, 3 * rows * canvas, BufferedImage.TYPE_INT_RGB);
    draw(sheet, 0, data.trainingBatch(0, count), canvas);
    draw(sheet, rows, data.testSetA(count).all(), canvas);
    draw(sheet, 2 * rows, data.testSetB(scenesPerPair).batch(0, count), canvas);
    ImageIO.write(sheet, "png", Path.of(args[0]).toFile());
  }

  private static void draw(BufferedImage sheet, int firstRow, EmojiBatch batch, int canvas) {
    int plane = canvas * canvas;
    for (int i = 0; i < batch.size(); i++) {
      int left = i % COLUMNS * canvas;
      int top = (firstRow + i / COLUMNS) * canvas;
      for (int at = 0; at < plane; at++) {
        int red = Math.round(255 * batch.images()[3 * i * plane + at]);
        int green = Math.round(255 * batch.images()[(3 * i + 1) * plane + at]);
        int blue = Math.round(255 * batch.images()[(3 * i + 2) * plane + at]);
        sheet.setRGB(left + at % canvas, top + at / canvas, red << 16 | green << 8 | blue);
      }
    }
  }
}
