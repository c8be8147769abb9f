package dev.fare.examples.emoji;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import java.util.Locale;

/**
 * Which emoji become concepts, and what each is called. Keys are the short names of {@code
 * emoji.json}.
 */
final class EmojiSelection {
  /** Taken whole, but for {@link #NEAR_DUPLICATES}, {@link #SYMBOLS} and {@link #UNCLEAR}. */
  private static final ImmutableSet<String> WHOLE_CATEGORIES =
      ImmutableSet.of("Animals & Nature", "Food & Drink", "Activities");

  /** Almost the same picture as a concept that is kept, in at least one style. */
  private static final ImmutableSet<String> NEAR_DUPLICATES =
      words(
          """
          guide_dog service_dog black_cat ox camel rat hatched_chick black_bird shamrock
          empty_nest lime green_apple brown_mushroom beers knife_fork_plate
          first_place_medal second_place_medal third_place_medal admission_tickets softball
          water_buffalo badger goose whale2 cockroach hyacinth wilted_flower mango bagel
          stuffed_flatbread tumbler_glass custard curry rugby_football
          """);

  /** Hard to name from the picture alone, or a scene that fills its whole frame. */
  private static final ImmutableSet<String> UNCLEAR =
      words(
          """
          microbe wing rice_cracker root_vegetable pouring_liquid tamale mate_drink beans
          amphora oden fireworks sparkler rice_scene flower_playing_cards
          """);

  /** Signs and ornaments rather than things. */
  private static final ImmutableSet<String> SYMBOLS =
      words(
          """
          white_flower rosette spades hearts diamonds clubs
          """);

  /** Things one can point at; of look-alikes (books, envelopes, locks, screens) one each. */
  private static final ImmutableSet<String> OBJECTS =
      words(
          """
          eyeglasses dark_sunglasses necktie shirt jeans scarf gloves socks dress bikini
          folding_hand_fan handbag school_satchel athletic_shoe high_heel crown tophat
          mortar_board billed_cap lipstick ring gem
          mega bell microphone headphones saxophone accordion guitar musical_keyboard
          trumpet violin drum_with_drumsticks maracas harp
          iphone phone battery electric_plug computer three_button_mouse floppy_disk
          movie_camera tv camera mag candle bulb flashlight izakaya_lantern
          book books scroll moneybag credit_card email package mailbox pencil2
          lower_left_paintbrush lower_left_crayon briefcase paperclip pushpin
          triangular_ruler scissors
          lock key hammer axe crossed_swords bomb bow_and_arrow shield carpentry_saw wrench
          screwdriver gear scales magnet ladder test_tube microscope telescope syringe pill
          stethoscope
          door bed chair toilet bathtub broom basket bucket toothbrush fire_extinguisher
          shopping_trolley coffin moyai
          """);

  /** Vehicles, buildings and weather with a shape of their own. */
  private static final ImmutableSet<String> PLACES =
      words(
          """
          earth_africa compass volcano desert_island house european_castle tokyo_tower
          statue_of_liberty church mosque shinto_shrine tent ferris_wheel barber circus_tent
          steam_locomotive bullettrain_side bus ambulance fire_engine police_car car tractor
          racing_car motor_scooter bike skateboard roller_skate fuelpump rotating_light
          vertical_traffic_light construction anchor ring_buoy boat ship airplane helicopter
          rocket flying_saucer parachute luggage hourglass watch alarm_clock crescent_moon
          sunny ringed_planet star cloud tornado rainbow umbrella zap snowflake snowman fire
          droplet ocean
          """);

  /** What a person would say where the Unicode name is stiff, old or says too much. */
  private static final ImmutableMap<String, String> NAMES =
      ImmutableMap.<String, String>builder()
          .put("dromedary_camel", "camel")
          .put("unicorn_face", "unicorn")
          .put("zebra_face", "zebra")
          .put("giraffe_face", "giraffe")
          .put("shell", "seashell")
          .put("ladybug", "ladybug")
          .put("blossom", "yellow blossom")
          .put("leaves", "fluttering leaves")
          .put("apple", "apple")
          .put("eggplant", "eggplant")
          .put("corn", "corn")
          .put("kiwifruit", "kiwi")
          .put("leafy_green", "lettuce")
          .put("baguette_bread", "baguette")
          .put("cheese_wedge", "cheese")
          .put("poultry_leg", "chicken leg")
          .put("cut_of_meat", "steak")
          .put("pizza", "pizza")
          .put("fried_egg", "fried egg")
          .put("shallow_pan_of_food", "paella")
          .put("stew", "pot of stew")
          .put("green_salad", "salad")
          .put("rice", "bowl of rice")
          .put("ramen", "noodle soup")
          .put("fish_cake", "fish cake")
          .put("cake", "slice of cake")
          .put("coffee", "cup of coffee")
          .put("tea", "green tea")
          .put("sake", "sake")
          .put("champagne", "champagne bottle")
          .put("cocktail", "martini")
          .put("beverage_box", "juice box")
          .put("hocho", "kitchen knife")
          .put("jack_o_lantern", "halloween pumpkin")
          .put("bamboo", "bamboo decoration")
          .put("red_envelope", "red envelope")
          .put("gift", "gift box")
          .put("sports_medal", "gold medal")
          .put("basketball", "basketball")
          .put("tennis", "tennis ball")
          .put("flying_disc", "frisbee")
          .put("bowling", "bowling pins")
          .put("cricket_bat_and_ball", "cricket bat")
          .put("field_hockey_stick_and_ball", "field hockey stick")
          .put("ice_hockey_stick_and_puck", "ice hockey stick")
          .put("lacrosse", "lacrosse stick")
          .put("table_tennis_paddle_and_ball", "table tennis paddle")
          .put("badminton_racquet_and_shuttlecock", "badminton racquet")
          .put("golf", "golf flag")
          .put("fishing_pole_and_fish", "fishing pole")
          .put("running_shirt_with_sash", "running shirt")
          .put("ski", "skis")
          .put("dart", "dartboard")
          .put("gun", "water pistol")
          .put("8ball", "billiard ball")
          .put("game_die", "dice")
          .put("jigsaw", "puzzle piece")
          .put("mirror_ball", "disco ball")
          .put("nesting_dolls", "russian dolls")
          .put("black_joker", "joker card")
          .put("mahjong", "mahjong tile")
          .put("performing_arts", "theatre masks")
          .put("art", "paint palette")
          .put("school_satchel", "backpack")
          .put("athletic_shoe", "sneaker")
          .put("high_heel", "high heel")
          .put("mega", "megaphone")
          .put("headphones", "headphones")
          .put("musical_keyboard", "piano keys")
          .put("drum_with_drumsticks", "drum")
          .put("phone", "telephone")
          .put("computer", "laptop")
          .put("mag", "magnifying glass")
          .put("bulb", "light bulb")
          .put("flashlight", "flashlight")
          .put("izakaya_lantern", "red paper lantern")
          .put("books", "stack of books")
          .put("package", "cardboard box")
          .put("mailbox", "mailbox")
          .put("scissors", "scissors")
          .put("carpentry_saw", "saw")
          .put("shopping_trolley", "shopping cart")
          .put("moyai", "easter island statue")
          .put("earth_africa", "globe")
          .put("house", "house")
          .put("european_castle", "castle")
          .put("tokyo_tower", "steel tower")
          .put("car", "car")
          .put("rotating_light", "police siren")
          .put("vertical_traffic_light", "traffic light")
          .put("construction", "construction barrier")
          .put("ring_buoy", "lifebuoy")
          .put("sunny", "sun")
          .put("star", "star")
          .put("zap", "lightning bolt")
          .put("bullettrain_side", "bullet train")
          .buildOrThrow();

  private EmojiSelection() {}

  private static ImmutableSet<String> words(String text) {
    return ImmutableSet.copyOf(text.strip().split("\\s+"));
  }

  /** Whether the emoji of this short name is one of the pack's concepts. */
  static boolean includes(String category, String shortName) {
    if (WHOLE_CATEGORIES.contains(category)) {
      return !NEAR_DUPLICATES.contains(shortName)
          && !SYMBOLS.contains(shortName)
          && !UNCLEAR.contains(shortName);
    }
    return switch (category) {
      case "Objects" -> OBJECTS.contains(shortName);
      case "Travel & Places" -> PLACES.contains(shortName);
      default -> false;
    };
  }

  /** The class name: by hand where {@link #NAMES} has one, else the Unicode name in lower case. */
  static String className(String unicodeName, String shortName) {
    String byHand = NAMES.get(shortName);
    return byHand != null ? byHand : unicodeName.toLowerCase(Locale.ROOT);
  }

  /** Short names the sets above mention; each must exist in {@code emoji.json}. */
  static ImmutableSet<String> mentioned() {
    return ImmutableSet.<String>builder()
        .addAll(NEAR_DUPLICATES)
        .addAll(SYMBOLS)
        .addAll(UNCLEAR)
        .addAll(OBJECTS)
        .addAll(PLACES)
        .addAll(NAMES.keySet())
        .build();
  }
}
