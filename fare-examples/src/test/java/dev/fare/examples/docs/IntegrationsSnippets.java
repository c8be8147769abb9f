package dev.fare.examples.docs;

import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.huggingface.translator.ZeroShotImageClassificationTranslatorFactory;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.ndarray.types.DataType;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.export.onnx.OnnxExport;
import java.io.IOException;
import java.nio.file.Path;

/** docs/integrations.md's Java; {@link DocsTest} compares and runs it. */
final class IntegrationsSnippets {

  private IntegrationsSnippets() {}

  static void djl() throws IOException, ModelException, TranslateException {
    Criteria<Image, float[]> criteria =
        Criteria.builder()
            .setTypes(Image.class, float[].class)
            .optModelUrls("fare:fare-quickstart/robust") // fare:///models/clip for an absolute path
            .build();
    try (ZooModel<Image, float[]> model = criteria.loadModel();
        Predictor<Image, float[]> predictor = model.newPredictor()) {
      float[] embedding =
          predictor.predict(ImageFactory.getInstance().fromFile(Path.of("photo.jpg")));
      System.out.println(embedding.length);
    }
  }

  static void block() throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("fare-quickstart/robust"));
        Model model = Model.newInstance("vision")) {
      model.setBlock(encoder.asBlock(TokenLayer.LLAVA)); // pixels in [0,1] to tokens
    }
  }

  static void onnx() throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("fare-quickstart/robust"))) {
      OnnxExport.vision(encoder)
          .outputs("image_embeds", "hidden_states.5")
          .type(DataType.FLOAT16)
          .write(Path.of("vision_model.onnx"));
    }
  }

  static void torchScript() throws IOException, ModelException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("fare-quickstart/robust"))) {
      encoder.exportTorchScript(Path.of("robust-torchscript"));
    }
    Criteria<VisionLanguageInput, Classifications> criteria =
        Criteria.builder()
            .setTypes(VisionLanguageInput.class, Classifications.class)
            .optModelPath(Path.of("robust-torchscript"))
            .optEngine("PyTorch")
            .optTranslatorFactory(new ZeroShotImageClassificationTranslatorFactory())
            .build();
    criteria.loadModel().close();
  }
}
