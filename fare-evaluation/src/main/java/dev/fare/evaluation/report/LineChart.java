package dev.fare.evaluation.report;

import static j2html.TagCreator.text;

import j2html.tags.ContainerTag;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.stream.Collectors;

/** A small line chart as inline SVG; colours come from the page, so it follows light and dark. */
final class LineChart {

  private static final double HEIGHT = 260;
  private static final double LEFT = 46;
  private static final double RIGHT = 14;
  private static final double TOP = 14;
  private static final double BOTTOM = 40;

  /** A point with the interval it is known to, which may be the point itself. */
  record Point(double x, double y, double low, double high) {
    Point(double x, double y) {
      this(x, y, y, y);
    }
  }

  /**
   * A line.
   *
   * @param style 0 and 1 are the two colours of the page, 2 is grey
   */
  record Series(String name, int style, List<Point> points) {}

  /** A mark on an axis. */
  record Tick(double value, String label) {}

  private final String title;
  private final String xLabel;
  private final DoubleFunction<String> format;
  private final List<Series> series;
  private List<Tick> xTicks = List.of();
  private List<Tick> yTicks = List.of();
  private double xLow;
  private double xHigh;
  private double yLow;
  private double yHigh;
  private boolean marked;
  private double width = 420;

  /**
   * A chart that fits its points.
   *
   * @param title what screen readers say first
   * @param format how a value of the vertical axis is written
   */
  LineChart(String title, String xLabel, DoubleFunction<String> format, List<Series> series) {
    this.title = title;
    this.xLabel = xLabel;
    this.format = format;
    this.series = List.copyOf(series);
    List<Point> all = this.series.stream().flatMap(line -> line.points().stream()).toList();
    horizontal(
        all.stream().mapToDouble(Point::x).min().orElse(0),
        all.stream().mapToDouble(Point::x).max().orElse(1));
    vertical(
        all.stream().mapToDouble(Point::low).min().orElse(0),
        all.stream().mapToDouble(Point::high).max().orElse(1));
  }

  /** The range of the vertical axis; ticks are placed at round values. */
  LineChart vertical(double low, double high) {
    double margin = high > low ? 0 : Math.max(1e-12, Math.abs(high) * 0.1);
    yLow = low - margin;
    yHigh = high + margin;
    yTicks = roundTicks(yLow, yHigh, 4, format);
    return this;
  }

  private void horizontal(double low, double high) {
    xLow = low;
    xHigh = high > low ? high : low + 1;
    xTicks = roundTicks(xLow, xHigh, 4, Numbers::compact);
  }

  /** Replaces the marks of the horizontal axis. */
  LineChart ticks(List<Tick> ticks) {
    xTicks = List.copyOf(ticks);
    return this;
  }

  /** Draws a mark at each point. */
  LineChart marked() {
    marked = true;
    return this;
  }

  /** For a place of two thirds of the width, so that letters keep their size. */
  LineChart narrow() {
    width = 300;
    return this;
  }

  /** Round values between two ends, about as many as asked for. */
  static List<Tick> roundTicks(double low, double high, int about, DoubleFunction<String> format) {
    double raw = (high - low) / about;
    double magnitude = Math.pow(10, Math.floor(Math.log10(raw)));
    double step = magnitude * 10;
    for (double factor : new double[] {1, 2, 2.5, 5}) {
      if (factor * magnitude >= raw * 0.999) {
        step = factor * magnitude;
        break;
      }
    }
    List<Tick> ticks = new ArrayList<>();
    for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
      ticks.add(new Tick(i * step, format.apply(i * step)));
    }
    return ticks;
  }

  /** The chart as an {@code svg} element. */
  DomContent render() {
    ContainerTag<?> svg =
        new ContainerTag<>("svg")
            .attr("viewBox", "0 0 " + n(width) + " " + n(HEIGHT))
            .attr("role", "img")
            .attr("aria-label", title + ". " + summary())
            .attr("class", "chart");
    yTicks.forEach(tick -> svg.with(yTick(tick)));
    xTicks.forEach(tick -> svg.with(xTick(tick)));
    svg.with(label(xLabel, (LEFT + width - RIGHT) / 2, HEIGHT - 6, "axis", "middle"));
    series.forEach(line -> svg.with(band(line)));
    series.forEach(line -> svg.with(line(line)));
    if (marked) {
      series.forEach(line -> line.points().forEach(point -> svg.with(mark(line, point))));
    }
    return svg;
  }

  /** First and last value of each line, for who can't see them. */
  private String summary() {
    return series.stream()
        .filter(line -> !line.points().isEmpty())
        .map(
            line ->
                "%s goes from %s to %s"
                    .formatted(
                        line.name(),
                        format.apply(line.points().get(0).y()),
                        format.apply(line.points().get(line.points().size() - 1).y())))
        .collect(Collectors.joining("; ", "", "."));
  }

  private DomContent yTick(Tick tick) {
    double y = y(tick.value());
    return new ContainerTag<>("g")
        .with(
            new ContainerTag<>("line")
                .attr("class", "grid")
                .attr("x1", n(LEFT))
                .attr("x2", n(width - RIGHT))
                .attr("y1", n(y))
                .attr("y2", n(y)),
            label(tick.label(), LEFT - 7, y + 4, "tick", "end"));
  }

  private DomContent xTick(Tick tick) {
    return label(tick.label(), x(tick.value()), HEIGHT - BOTTOM + 17, "tick", "middle");
  }

  private static DomContent label(String words, double x, double y, String style, String anchor) {
    return new ContainerTag<>("text")
        .with(text(words))
        .attr("x", n(x))
        .attr("y", n(y))
        .attr("class", style)
        .attr("text-anchor", anchor);
  }

  private DomContent band(Series line) {
    StringBuilder path = new StringBuilder();
    for (Point point : line.points()) {
      path.append(path.isEmpty() ? "M" : "L").append(at(point.x(), point.high()));
    }
    for (int i = line.points().size() - 1; i >= 0; i--) {
      path.append("L").append(at(line.points().get(i).x(), line.points().get(i).low()));
    }
    return new ContainerTag<>("path")
        .attr("class", "band s" + line.style())
        .attr("d", path.isEmpty() ? "M0 0" : path + "Z");
  }

  private DomContent line(Series line) {
    StringBuilder path = new StringBuilder();
    for (Point point : line.points()) {
      path.append(path.isEmpty() ? "M" : "L").append(at(point.x(), point.y()));
    }
    return new ContainerTag<>("path")
        .attr("class", "line s" + line.style())
        .attr("d", path.isEmpty() ? "M0 0" : path.toString());
  }

  /** A circle or a square, so that lines differ without colour too. */
  private DomContent mark(Series line, Point point) {
    ContainerTag<?> shape =
        line.style() == 0
            ? new ContainerTag<>("circle")
                .attr("cx", n(x(point.x())))
                .attr("cy", n(y(point.y())))
                .attr("r", "4.5")
            : new ContainerTag<>("rect")
                .attr("x", n(x(point.x()) - 4.2))
                .attr("y", n(y(point.y()) - 4.2))
                .attr("width", "8.4")
                .attr("height", "8.4");
    String hint =
        "%s: %s (%s to %s)"
            .formatted(
                line.name(),
                format.apply(point.y()),
                format.apply(point.low()),
                format.apply(point.high()));
    return shape
        .attr("class", "mark s" + line.style())
        .with(new ContainerTag<>("title").with(text(hint)));
  }

  private String at(double x, double y) {
    return n(x(x)) + " " + n(y(y));
  }

  private double x(double value) {
    return LEFT + (value - xLow) / (xHigh - xLow) * (width - LEFT - RIGHT);
  }

  private double y(double value) {
    return HEIGHT - BOTTOM - (value - yLow) / (yHigh - yLow) * (HEIGHT - TOP - BOTTOM);
  }

  private static String n(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
