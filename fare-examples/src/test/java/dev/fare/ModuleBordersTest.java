package dev.fare;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.fare", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleBordersTest {

  @ArchTest
  static final ArchRule modelsDoNotSeeAttacks =
      noClasses()
          .that()
          .resideInAPackage("dev.fare.models..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.fare.attacks..");

  @ArchTest
  static final ArchRule attacksDoNotSeeModels =
      noClasses()
          .that()
          .resideInAPackage("dev.fare.attacks..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.fare.models..");

  @ArchTest
  static final ArchRule librariesDoNotSeeExamples =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.fare.examples..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.fare.examples..");

  @ArchTest
  static final ArchRule onlyTheEngineTouchesDjlsPyTorchClasses =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.fare.torch..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.djl.pytorch..");

  @ArchTest
  static final ArchRule theVocabularyDependsOnTheEngineAlone =
      classes()
          .that()
          .resideInAPackage("dev.fare")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "dev.fare", "dev.fare.torch", "java..", "ai.djl..", "org.jspecify..", "com.google..");

  @ArchTest
  static final ArchRule noLibraryEndsTheJvm =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.fare.examples..")
          .should()
          .callMethod(System.class, "exit", int.class);

  @ArchTest
  static final ArchRule corePackagesHaveNoCycles =
      slices().matching("dev.fare.(training|data|evaluation|io|torch)..").should().beFreeOfCycles();
}
