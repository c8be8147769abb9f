package dev.fare.examples.emoji;

/** The two drawing styles of the pack; every concept exists in both. */
public enum EmojiStyle {
  /** Noto Emoji by Google: shaded, with gradients. */
  NOTO("noto.png"),
  /** Twemoji by Twitter and other contributors: flat colours. */
  TWEMOJI("twemoji.png");

  private final String sheet;

  EmojiStyle(String sheet) {
    this.sheet = sheet;
  }

  /** The sprite sheet's file name beside {@code concepts.json}. */
  public String sheet() {
    return sheet;
  }

  /** The other of the two styles. */
  public EmojiStyle other() {
    return this == NOTO ? TWEMOJI : NOTO;
  }
}
