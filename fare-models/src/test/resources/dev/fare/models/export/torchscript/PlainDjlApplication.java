import ai.djl.huggingface.translator.ZeroShotImageClassificationTranslatorFactory;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.modality.cv.translator.ImageFeatureExtractorFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** An application that knows DJL alone; run as a source file without this library's classes. */
public class PlainDjlApplication {

  public static void main(String[] args) throws Exception {
    try {
      Class.forName("dev.fare.models.ClipModel");
      throw new AssertionError("the library must not be on this class path");
    } catch (ClassNotFoundException expected) {
      System.out.println("without the library");
    }
    Path directory = Path.of(args[0]);
    Criteria<NDList, NDList> criteria =
        Criteria.builder()
            .setTypes(NDList.class, NDList.class)
            .optModelPath(directory)
            .optTranslator(new NoopTranslator())
            .build();
    boolean isClip;
    try (ZooModel<NDList, NDList> model = criteria.loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor();
        NDManager manager = NDManager.newBaseManager("PyTorch");
        InputStream in = Files.newInputStream(Path.of(args[1]))) {
      NDList inputs = NDList.decode(manager, in);
      NDArray pixels = inputs.get(0);
      print("image", predictor.predict(method("get_image_features", pixels)));
      isClip = inputs.size() == 3;
      if (isClip) {
        NDArray ids = inputs.get(1);
        NDArray mask = inputs.get(2);
        print("text", predictor.predict(method("get_text_features", ids, mask)));
        NDList imagesLast = predictor.predict(new NDList(ids, mask, pixels));
        print("images-last", new NDList(imagesLast.get("logits_per_image")));
        print("image-embeds", new NDList(imagesLast.get("image_embeds")));
        NDList imagesSecond = predictor.predict(new NDList(ids, pixels, mask));
        print("images-second", new NDList(imagesSecond.get("logits_per_image")));
      }
    }
    Image picture = ImageFactory.getInstance().fromFile(Path.of(args[2]));
    if (Files.exists(directory.resolve("tokenizer.json"))) {
      classify(directory, picture);
    } else if (!isClip) {
      embed(directory, picture);
    }
  }

  private static void classify(Path directory, Image picture) throws Exception {
    Criteria<VisionLanguageInput, Classifications> criteria =
        Criteria.builder()
            .setTypes(VisionLanguageInput.class, Classifications.class)
            .optModelPath(directory)
            .optTranslatorFactory(new ZeroShotImageClassificationTranslatorFactory())
            .build();
    try (ZooModel<VisionLanguageInput, Classifications> model = criteria.loadModel();
        Predictor<VisionLanguageInput, Classifications> predictor = model.newPredictor()) {
      String[] names = {"cat", "dog", "remote control"};
      VisionLanguageInput question =
          new VisionLanguageInput(picture, null, names, "this is a photo of a {}");
      Classifications answer = predictor.predict(question);
      StringBuilder line = new StringBuilder("zero-shot");
      for (String name : names) {
        line.append(' ').append(answer.get(name).getProbability());
      }
      System.out.println(line);
    }
  }

  private static void embed(Path directory, Image picture) throws Exception {
    Criteria<Image, float[]> criteria =
        Criteria.builder()
            .setTypes(Image.class, float[].class)
            .optModelPath(directory)
            .optTranslatorFactory(new ImageFeatureExtractorFactory())
            .build();
    try (ZooModel<Image, float[]> model = criteria.loadModel();
        Predictor<Image, float[]> predictor = model.newPredictor()) {
      StringBuilder line = new StringBuilder("picture");
      for (float value : predictor.predict(picture)) {
        line.append(' ').append(value);
      }
      System.out.println(line);
    }
  }

  private static NDList method(String name, NDArray... inputs) {
    NDList list = new NDList();
    for (NDArray input : inputs) {
      list.add(input);
    }
    NDArray placeholder = inputs[0].getManager().create("");
    placeholder.setName("module_method:" + name);
    list.add(placeholder);
    return list;
  }

  private static void print(String name, NDList output) {
    StringBuilder line = new StringBuilder(name);
    for (float value : output.singletonOrThrow().toFloatArray()) {
      line.append(' ').append(value);
    }
    System.out.println(line);
  }
}
