package dev.fare;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The borders of modules and packages, over the main classes of every module that is built. */
class ModuleBordersTest {

  /** Which modules a module may use. */
  private static final Map<String, Set<String>> USES =
      Map.of(
          "fare-core", Set.of(),
          "fare-attacks", Set.of("fare-core"),
          "fare-models", Set.of("fare-core"),
          "fare-vlm", Set.of("fare-core", "fare-models"),
          "fare-evaluation", Set.of("fare-core", "fare-attacks", "fare-models", "fare-vlm"),
          "fare-cli",
              Set.of("fare-core", "fare-attacks", "fare-models", "fare-vlm", "fare-evaluation"),
          "fare-langchain4j", Set.of("fare-core", "fare-models"),
          "fare-spark", Set.of("fare-core", "fare-attacks", "fare-models", "fare-evaluation"),
          "fare-examples",
              Set.of("fare-core", "fare-attacks", "fare-models", "fare-vlm", "fare-evaluation"));

  private static final Pattern MARK =
      Pattern.compile("\\| `(dev\\.fare[\\w.]*)` \\| ([a-z ]+) \\|");

  private static final Pattern MODULE = Pattern.compile(".*/(fare-[a-z0-9-]+)/target/classes/.*");

  private static final Map<String, String> MARKS = new TreeMap<>();

  private static JavaClasses product;

  /** Modules are built side by side: each one's classes are read from its own folder. */
  @BeforeAll
  static void readEveryModule() throws IOException {
    Path root =
        Path.of(System.getProperty("basedir", ".")).toAbsolutePath().resolve("..").normalize();
    Matcher marks = MARK.matcher(Files.readString(root.resolve("docs/api-stability.md")));
    while (marks.find()) {
      MARKS.put(marks.group(1), marks.group(2));
    }
    try (Stream<Path> modules = Files.list(root)) {
      List<Path> folders =
          modules.map(m -> m.resolve("target/classes")).filter(Files::isDirectory).toList();
      product = new ClassFileImporter().importPaths(folders);
    }
    // the adapters are not on this module's class path, and absent if only a part is built
    for (String module : USES.get("fare-examples")) {
      assertThat(product).as(module).anyMatch(type -> module(type).equals(module));
    }
  }

  @Test
  void modulesUseOnlyTheModulesTheyMay() {
    check(classes().should(useOnlyModulesTheyMay()));
  }

  @Test
  void noPackageSeesAnotherInACircle() {
    check(slices().assignedFrom(packages()).should().beFreeOfCycles());
  }

  @Test
  void internalPackagesAreUsedInsideTheirModule() {
    check(classes().should(useNoInternalPackageOfAnotherModule()));
  }

  @Test
  void everyPackageOfALibraryHasOneOfThreeMarks() {
    Set<String> libraries =
        product.stream()
            .map(JavaClass::getPackageName)
            .filter(name -> !name.matches("dev\\.fare\\.(cli|examples)\\b.*"))
            .collect(Collectors.toSet());

    assertThat(MARKS.values()).isSubsetOf("stable", "may change", "internal");
    assertThat(MARKS.keySet()).containsAll(libraries);
    assertThat(MARKS.keySet())
        .as("of what is built")
        .allMatch(name -> libraries.contains(name) || name.matches(".*\\.(langchain4j|spark)"));
  }

  @Test
  void aModulesPackagesHaveItsName() {
    assertThat(product).allSatisfy(type -> assertThat(module(type)).isEqualTo(home(type)));
  }

  @Test
  void onlyTheEngineTouchesDjlsPyTorchClasses() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("dev.fare.torch..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ai.djl.pytorch.."));
  }

  /**
   * DJL's operations with a number, its {@code clip}, its readers and its {@code create} make the
   * host wait for a GPU; where steps are made, what crosses goes through {@link
   * dev.fare.torch.Host}, which counts.
   */
  @Test
  void whereStepsAreMadeTheHostWaitsAtOneDoor() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                "dev.fare",
                "dev.fare.attacks..",
                "dev.fare.training",
                "dev.fare.training.loss",
                "dev.fare.training.optimizer",
                "dev.fare.training.weights")
            .or()
            .haveNameMatching(
                "dev.fare.vlm.(PromptBatch|VlmObjective|llava.TextLoss|"
                    + "language.(Decoding|TextGenerator|BeamSearch)).*")
            .should()
            .callMethodWhere(describe("the host waits", ModuleBordersTest::makesTheHostWait)));
  }

  private static boolean makesTheHostWait(JavaMethodCall call) {
    String name = call.getName();
    List<String> types =
        call.getTarget().getRawParameterTypes().stream().map(JavaClass::getName).toList();
    if (call.getTargetOwner().isAssignableTo(NDManager.class)) {
      return name.equals("create") && !types.get(0).equals(Shape.class.getName());
    }
    return call.getTargetOwner().isAssignableTo(NDArray.class)
        && (types.contains(Number.class.getName())
            || name.matches("get(Float|Double|Boolean|Long|Int|Byte|Uint8)|to\\w*Array"));
  }

  @Test
  void theVocabularyDependsOnTheEngineAlone() {
    check(
        classes()
            .that()
            .resideInAPackage("dev.fare")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                "dev.fare",
                "dev.fare.torch",
                "java..",
                "ai.djl..",
                "org.jspecify..",
                "com.google.."));
  }

  @Test
  void noLibraryEndsTheJvm() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages("dev.fare.cli..", "dev.fare.examples..")
            .should()
            .callMethod(System.class, "exit", int.class));
  }

  private static void check(ArchRule rule) {
    rule.check(product);
  }

  private static String module(JavaClass type) {
    Matcher matcher = MODULE.matcher(type.getSource().orElseThrow().getUri().toString());
    assertThat(matcher.matches()).as(type.getName()).isTrue();
    return matcher.group(1);
  }

  /** The module whose name a package has; what has none is fare-core's. */
  private static String home(JavaClass type) {
    String named = type.getPackageName().replaceFirst("^dev\\.fare\\.?(\\w*).*", "fare-$1");
    return USES.containsKey(named) ? named : "fare-core";
  }

  private static ArchCondition<JavaClass> useOnlyModulesTheyMay() {
    return new DependencyCondition("use only the modules they may") {
      @Override
      boolean isAllowed(String from, String to, JavaClass target) {
        return USES.getOrDefault(from, Set.of()).contains(to);
      }
    };
  }

  private static ArchCondition<JavaClass> useNoInternalPackageOfAnotherModule() {
    return new DependencyCondition("use no internal package of another module") {
      @Override
      boolean isAllowed(String from, String to, JavaClass target) {
        return !"internal".equals(MARKS.get(target.getPackageName()));
      }
    };
  }

  private static SliceAssignment packages() {
    return new SliceAssignment() {
      @Override
      public SliceIdentifier getIdentifierOf(JavaClass type) {
        return SliceIdentifier.of(type.getPackageName());
      }

      @Override
      public String getDescription() {
        return "packages";
      }
    };
  }

  /** Looks at what a class uses of other modules. */
  private abstract static class DependencyCondition extends ArchCondition<JavaClass> {

    DependencyCondition(String description) {
      super(description);
    }

    abstract boolean isAllowed(String from, String to, JavaClass target);

    @Override
    public void check(JavaClass type, ConditionEvents events) {
      String from = module(type);
      for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
        JavaClass target = dependency.getTargetClass().getBaseComponentType();
        if (!product.contain(target.getName())) {
          continue;
        }
        String to = module(target);
        if (!from.equals(to) && !isAllowed(from, to, target)) {
          events.add(SimpleConditionEvent.violated(dependency, dependency.getDescription()));
        }
      }
    }
  }
}
