package dev.fare.models.export.onnx;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.fare.io.AtomicFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A message in protocol buffers' wire format whose large fields are written when the file is, so
 * that weights are never copied into the heap.
 */
final class ProtoMessage implements AtomicFile.Content {

  private static final int VARINT = 0;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED_32 = 5;

  private final List<AtomicFile.Content> parts = new ArrayList<>();
  private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
  private long closedLength;

  /** The number of bytes of the whole message. */
  long length() {
    return closedLength + pending.size();
  }

  ProtoMessage number(int field, long value) {
    tag(field, VARINT);
    varint(value);
    return this;
  }

  ProtoMessage float32(int field, float value) {
    tag(field, FIXED_32);
    byte[] bytes = new byte[Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(value);
    pending.writeBytes(bytes);
    return this;
  }

  ProtoMessage text(int field, String value) {
    return bytes(field, value.getBytes(UTF_8));
  }

  ProtoMessage bytes(int field, byte[] value) {
    tag(field, LENGTH_DELIMITED);
    varint(value.length);
    pending.writeBytes(value);
    return this;
  }

  /** A field of bytes that are written when the whole is. */
  ProtoMessage bytes(int field, long length, AtomicFile.Content content) {
    tag(field, LENGTH_DELIMITED);
    varint(length);
    closePending();
    parts.add(content);
    closedLength += length;
    return this;
  }

  /** A nested message; what is added to it later is not seen. */
  ProtoMessage message(int field, ProtoMessage nested) {
    tag(field, LENGTH_DELIMITED);
    varint(nested.length());
    if (!nested.parts.isEmpty()) {
      closePending();
      parts.addAll(nested.parts);
      closedLength += nested.closedLength;
    }
    pending.writeBytes(nested.pending.toByteArray());
    return this;
  }

  private void tag(int field, int wireType) {
    varint((long) field << 3 | wireType);
  }

  private void varint(long value) {
    long left = value;
    while ((left & ~0x7FL) != 0) {
      pending.write((int) (left & 0x7F) | 0x80);
      left >>>= 7;
    }
    pending.write((int) left);
  }

  private void closePending() {
    byte[] bytes = pending.toByteArray();
    pending.reset();
    closedLength += bytes.length;
    parts.add(out -> out.write(bytes));
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    for (AtomicFile.Content part : parts) {
      part.writeTo(out);
    }
    pending.writeTo(out);
  }
}
