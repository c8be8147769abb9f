package dev.fare.training;

/** The images of the runs, which lie somewhere. */
public record Moved(String folder) implements RunImages {

  @Override
  public String description() {
    return "ten images in " + folder;
  }

  @Override
  public String identity() {
    return "ten images";
  }
}
