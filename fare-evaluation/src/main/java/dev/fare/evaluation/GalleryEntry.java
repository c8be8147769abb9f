package dev.fare.evaluation;

import dev.fare.ThreatModel;
import java.util.List;

/**
 * One attacked picture and what the models see in it.
 *
 * @param image index in the data set
 * @param label the right class
 * @param className its name
 * @param attackedModel the model whose gradients the attack used
 * @param attack the attack's name
 * @param threatModel what it was allowed to do
 * @param clean the picture before
 * @param adversarial the picture after
 * @param views each model's view, the attacked one among them
 */
public record GalleryEntry(
    int image,
    int label,
    String className,
    String attackedModel,
    String attack,
    ThreatModel threatModel,
    Picture clean,
    Picture adversarial,
    List<ModelView> views) {

  /** Copies the list. */
  public GalleryEntry {
    views = List.copyOf(views);
  }
}
