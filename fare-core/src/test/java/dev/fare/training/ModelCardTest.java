package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelCardTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ImageFolder[/home/me/my photos/cats, 12 images] | ImageFolder[cats, 12 images]",
        "fare train --images=/data/x --output '/a b/c d/e' /f | fare train --images=x --output 'e' f",
        "/home/me/a.jpg and /home/me/b.jpg are gone | a.jpg and b.jpg are gone",
        "C:\\Users\\me\\clip, D:/data/x | clip, x",
        "a train/b at 4/255, l∞/l2 | a train/b at 4/255, l∞/l2",
        "[Robust CLIP](https://arxiv.org/abs/2402.12336) | [Robust CLIP](https://arxiv.org/abs/2402.12336)",
        "openai/clip-vit-large-patch14 / x | openai/clip-vit-large-patch14 / x"
      })
  void keepsTheLastNameOfAPathAlone(String text, String published) {
    assertThat(ModelCard.withoutFolders(text)).isEqualTo(published);
  }
}
