package dev.fare.training.metrics;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Records of a TensorBoard event file: TFRecord frames around protocol buffers of TensorFlow's
 * {@code Event}.
 */
final class TensorBoardEvent {

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final ByteArrayOutputStream message = new ByteArrayOutputStream();

  private TensorBoardEvent() {}

  /** The first record of every file. */
  static byte[] fileVersion(double wallTime) {
    return event(wallTime, 0).text(3, "brain.Event:2").frame();
  }

  /** Says that the steps from this one on are made again. */
  static byte[] sessionStart(double wallTime, long step) {
    return event(wallTime, step).bytes(7, new TensorBoardEvent().varint(1, 1).message).frame();
  }

  /** The values of a step by their tags. */
  static byte[] scalars(double wallTime, long step, Map<String, Double> values) {
    TensorBoardEvent summary = new TensorBoardEvent();
    values.forEach(
        (tag, value) ->
            summary.bytes(
                1, new TensorBoardEvent().text(1, tag).float32(2, value.floatValue()).message));
    return event(wallTime, step).bytes(5, summary.message).frame();
  }

  private static TensorBoardEvent event(double wallTime, long step) {
    TensorBoardEvent event = new TensorBoardEvent();
    event.tag(1, FIXED64);
    event.message.writeBytes(littleEndian(8).putDouble(wallTime).array());
    return event.varint(2, step);
  }

  private TensorBoardEvent text(int field, String text) {
    return bytes(field, text.getBytes(StandardCharsets.UTF_8));
  }

  private TensorBoardEvent bytes(int field, ByteArrayOutputStream content) {
    return bytes(field, content.toByteArray());
  }

  private TensorBoardEvent bytes(int field, byte[] content) {
    tag(field, BYTES);
    raw(content.length);
    message.writeBytes(content);
    return this;
  }

  private TensorBoardEvent float32(int field, float value) {
    tag(field, FIXED32);
    message.writeBytes(littleEndian(4).putFloat(value).array());
    return this;
  }

  private TensorBoardEvent varint(int field, long value) {
    tag(field, VARINT);
    raw(value);
    return this;
  }

  private void tag(int field, int type) {
    raw((long) field << 3 | type);
  }

  /** Seven bits a byte, the lowest first; the highest bit says that more follow. */
  private void raw(long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      message.write((int) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    message.write((int) rest);
  }

  /** Length, its checksum, the message, its checksum. */
  private byte[] frame() {
    byte[] data = message.toByteArray();
    byte[] length = littleEndian(8).putLong(data.length).array();
    return littleEndian(16 + data.length)
        .put(length)
        .putInt(maskedChecksum(length))
        .put(data)
        .putInt(maskedChecksum(data))
        .array();
  }

  /** CRC-32C, rotated and shifted, so that a checksum of checksums stays meaningful. */
  private static int maskedChecksum(byte[] data) {
    CRC32C checksum = new CRC32C();
    checksum.update(data, 0, data.length);
    int value = (int) checksum.getValue();
    return Integer.rotateRight(value, 15) + 0xa282ead8;
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
