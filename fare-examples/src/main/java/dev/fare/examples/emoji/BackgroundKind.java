package dev.fare.examples.emoji;

import com.google.common.collect.ImmutableList;
import java.util.Arrays;

/** The kinds of backgrounds; each belongs to one family of scenes. */
enum BackgroundKind {
  /** One colour. */
  SOLID(SceneFamily.TRAINING) {
    @Override
    Background create(SceneRandom random) {
      Colour colour = Colour.random(random);
      return (x, y, rgb) -> colour.mix(colour, 0, rgb);
    }
  },
  /** From one colour to another along a line. */
  LINEAR_GRADIENT(SceneFamily.TRAINING) {
    @Override
    Background create(SceneRandom random) {
      Colour from = Colour.random(random);
      Colour to = Colour.random(random);
      Direction direction = Direction.random(random);
      return (x, y, rgb) -> from.mix(to, clamp(direction.along(x, y)), rgb);
    }
  },
  /** Parallel stripes of two colours. */
  STRIPES(SceneFamily.TRAINING) {
    @Override
    Background create(SceneRandom random) {
      Colour first = Colour.random(random);
      Colour second = Colour.random(random);
      Direction direction = Direction.random(random);
      float period = random.between(0.1, 0.5);
      return (x, y, rgb) -> first.mix(second, edge(direction.along(x, y) / period, period), rgb);
    }
  },
  /** A chessboard of two colours, turned at random. */
  CHECKS(SceneFamily.TRAINING) {
    @Override
    Background create(SceneRandom random) {
      Colour first = Colour.random(random);
      Colour second = Colour.random(random);
      Direction direction = Direction.random(random);
      float period = random.between(0.2, 0.7);
      return (x, y, rgb) -> {
        float one = edge(direction.along(x, y) / period, period);
        float other = edge(direction.across(x, y) / period, period);
        first.mix(second, one + other - 2 * one * other, rgb);
      };
    }
  },
  /** Slowly varying noise in each colour channel. */
  COLOUR_NOISE(SceneFamily.TRAINING) {
    @Override
    Background create(SceneRandom random) {
      int cells = 2 + random.nextInt(7);
      ValueNoise red = new ValueNoise(random, cells);
      ValueNoise green = new ValueNoise(random, cells);
      ValueNoise blue = new ValueNoise(random, cells);
      return (x, y, rgb) -> {
        rgb[0] = red.at(x, y);
        rgb[1] = green.at(x, y);
        rgb[2] = blue.at(x, y);
      };
    }
  },
  /** Blurred blobs of several colours. */
  BLOBS(SceneFamily.TRAINING) {
    @Override
    Background create(SceneRandom random) {
      return spots(random, Colour.random(random), 0.15, 0.5, 1);
    }
  },
  /** From one colour in a point to another around it. */
  RADIAL_GRADIENT(SceneFamily.TEST) {
    @Override
    Background create(SceneRandom random) {
      Colour centre = Colour.random(random);
      Colour rim = Colour.random(random);
      float centreX = random.nextFloat();
      float centreY = random.nextFloat();
      float radius = random.between(0.5, 1.2);
      return (x, y, rgb) -> {
        double distance = Math.hypot(x - centreX, y - centreY);
        centre.mix(rim, clamp((float) distance / radius), rgb);
      };
    }
  },
  /** A landscape: a sky above hilly, mottled ground. */
  HORIZON(SceneFamily.TEST) {
    @Override
    Background create(SceneRandom random) {
      Colour zenith = Colour.random(random);
      Colour haze = Colour.random(random);
      Colour far = Colour.random(random);
      Colour near = Colour.random(random);
      float horizon = random.between(0.3, 0.7);
      float hills = random.between(0, 0.25);
      ValueNoise relief = new ValueNoise(random, 3 + random.nextInt(4));
      return (x, y, rgb) -> {
        float skyline = horizon + hills * (relief.at(x, 0) - 0.5f);
        if (y < skyline) {
          zenith.mix(haze, y / skyline, rgb);
        } else {
          far.mix(near, clamp((y - skyline) / (1 - skyline) * (0.5f + relief.at(x, y))), rgb);
        }
      };
    }
  },
  /** Out-of-focus lights: translucent discs with clear rims. */
  BOKEH(SceneFamily.TEST) {
    @Override
    Background create(SceneRandom random) {
      return spots(random, Colour.random(random), 0.05, 0.22, 8);
    }
  },
  /** Veins of one colour in another. */
  MARBLE(SceneFamily.TEST) {
    @Override
    Background create(SceneRandom random) {
      Colour stone = Colour.random(random);
      Colour vein = Colour.random(random);
      Direction direction = Direction.random(random);
      ValueNoise warp = new ValueNoise(random, 3 + random.nextInt(4));
      float frequency = random.between(2, 9);
      float strength = random.between(3, 9);
      return (x, y, rgb) -> {
        float phase = frequency * direction.along(x, y) + strength * warp.at(x, y);
        stone.mix(vein, 0.5f + 0.5f * (float) Math.sin(phase), rgb);
      };
    }
  };

  private static final ImmutableList<BackgroundKind> ALL = ImmutableList.copyOf(values());

  private final SceneFamily family;

  BackgroundKind(SceneFamily family) {
    this.family = family;
  }

  /** A background of this kind with random parameters. */
  abstract Background create(SceneRandom random);

  SceneFamily family() {
    return family;
  }

  /** The kinds a family draws from, all equally likely. */
  static ImmutableList<BackgroundKind> of(SceneFamily family) {
    return ALL.stream()
        .filter(kind -> kind.family == family)
        .collect(ImmutableList.toImmutableList());
  }

  private static float clamp(float value) {
    return Math.max(0, Math.min(1, value));
  }

  /** 0 in the first half of each period, 1 in the second, with edges about two pixels soft. */
  private static float edge(float phase, float period) {
    float saw = phase - (float) Math.floor(phase);
    float distance = 0.25f - Math.abs(0.5f - saw);
    return clamp(0.5f + distance * period * 24);
  }

  private static Background spots(
      SceneRandom random, Colour base, double smallest, double largest, float sharpness) {
    int count = 4 + random.nextInt(6);
    Spot[] spots = new Spot[count];
    Arrays.setAll(spots, i -> Spot.random(random, smallest, largest));
    return (x, y, rgb) -> {
      base.mix(base, 0, rgb);
      for (Spot spot : spots) {
        float dx = x - spot.x();
        float dy = y - spot.y();
        float inside = 1 - (dx * dx + dy * dy) / (spot.radius() * spot.radius());
        if (inside > 0) {
          spot.colour().over(rgb, spot.opacity() * Math.min(1, inside * sharpness));
        }
      }
    };
  }

  private record Spot(float x, float y, float radius, float opacity, Colour colour) {
    static Spot random(SceneRandom random, double smallest, double largest) {
      return new Spot(
          random.nextFloat(),
          random.nextFloat(),
          random.between(smallest, largest),
          random.between(0.4, 1),
          Colour.random(random));
    }
  }

  /** A unit vector and the coordinates it gives to the unit square, 0.5 in the middle. */
  private record Direction(float cos, float sin) {
    static Direction random(SceneRandom random) {
      double angle = random.between(0, 2 * Math.PI);
      return new Direction((float) Math.cos(angle), (float) Math.sin(angle));
    }

    float along(float x, float y) {
      return 0.5f + (x - 0.5f) * cos + (y - 0.5f) * sin;
    }

    float across(float x, float y) {
      return 0.5f - (x - 0.5f) * sin + (y - 0.5f) * cos;
    }
  }
}
