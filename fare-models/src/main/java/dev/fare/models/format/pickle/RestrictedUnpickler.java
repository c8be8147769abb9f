package dev.fare.models.format.pickle;

import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.razorvine.pickle.Opcodes;
import net.razorvine.pickle.PickleUtils;
import net.razorvine.pickle.Unpickler;

/**
 * Reads the pickles of PyTorch as data.
 *
 * <p>Every opcode that can name, call or change something is handled here against a closed list;
 * those that only push plain values are Pyrolite's, after a look at their length; all others are
 * refused.
 */
public final class RestrictedUnpickler extends Unpickler {

  private static final int HIGHEST_PROTOCOL_READ = 5;

  /** Several times what a training checkpoint with its optimiser's state has. */
  private static final int MAX_STEPS = 3_000_000;

  private final BoundedInput bounded;
  private final String origin;
  private final Map<String, PickledStorage> storages = new LinkedHashMap<>();
  private int steps;

  private RestrictedUnpickler(BoundedInput bounded, String origin) {
    this.bounded = bounded;
    this.origin = origin;
  }

  /**
   * What a pickle held.
   *
   * @param root its value
   * @param storages that it refers to, by their keys
   */
  public record Pickle(Object root, Map<String, PickledStorage> storages) {}

  /**
   * Reads one pickle; the stream then stands behind it.
   *
   * @throws ModelFormatException if it is damaged or asks for anything that is not on the list
   */
  public static Pickle load(BoundedInput input, String origin) throws IOException {
    RestrictedUnpickler unpickler = new RestrictedUnpickler(input, origin);
    try {
      return new Pickle(unpickler.load(input), unpickler.storages);
    } catch (ModelFormatException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(origin + ": the pickle is wrong: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      // Pyrolite leaves the checks of its stack and of types to the JVM.
      throw unpickler.broken(e);
    } catch (IOException e) {
      if (input.left() <= 0 || "premature end of file".equals(e.getMessage())) {
        throw unpickler.broken(e);
      }
      throw e;
    }
  }

  @Override
  protected Object dispatch(short opcode) throws IOException {
    if (++steps > MAX_STEPS) {
      throw new ModelFormatException(
          origin + ": the pickle has more than " + MAX_STEPS + " values, which no weights need");
    }
    switch (opcode) {
      case Opcodes.PROTO -> checkProtocol();
      case Opcodes.GLOBAL -> stack.add(global(readLine(), readLine()));
      case Opcodes.STACK_GLOBAL -> {
        String name = (String) stack.pop();
        stack.add(global((String) stack.pop(), name));
      }
      case Opcodes.REDUCE, Opcodes.NEWOBJ -> construct();
      case Opcodes.NEWOBJ_EX -> {
        stack.pop();
        construct();
      }
      case Opcodes.EMPTY_SET -> stack.add(Opaque.value());
      case Opcodes.FROZENSET -> {
        stack.pop_all_since_marker();
        stack.add(Opaque.value());
      }
      case Opcodes.ADDITEMS -> {
        stack.pop_all_since_marker();
        checkIsOpaque(stack.peek());
      }
      case Opcodes.APPEND -> {
        Object item = stack.pop();
        append(stack.peek(), List.of(item == null ? Opaque.value() : item));
      }
      case Opcodes.APPENDS -> {
        List<Object> items = stack.pop_all_since_marker();
        append(stack.peek(), items);
      }
      case Opcodes.BUILD -> build();
      case Opcodes.BINPERSID -> stack.add(storage(stack.pop()));
      case Opcodes.EMPTY_DICT -> stack.add(new LinkedHashMap<>());
      case Opcodes.SETITEM -> {
        Object value = stack.pop();
        put(stack.pop(), value, stack.peek());
      }
      case Opcodes.SETITEMS -> {
        List<Object> items = stack.pop_all_since_marker();
        for (int i = 0; i < items.size(); i += 2) {
          put(items.get(i), items.get(i + 1), stack.peek());
        }
      }
      case Opcodes.BINUNICODE, Opcodes.BINBYTES, Opcodes.BINSTRING, Opcodes.LONG4 -> {
        checkLength(Integer.BYTES);
        return super.dispatch(opcode);
      }
      case Opcodes.BINUNICODE8, Opcodes.BINBYTES8 -> {
        checkLength(Long.BYTES);
        return super.dispatch(opcode);
      }
      case Opcodes.STOP,
          Opcodes.MARK,
          Opcodes.POP,
          Opcodes.POP_MARK,
          Opcodes.DUP,
          Opcodes.NONE,
          Opcodes.NEWTRUE,
          Opcodes.NEWFALSE,
          Opcodes.BININT,
          Opcodes.BININT1,
          Opcodes.BININT2,
          Opcodes.LONG1,
          Opcodes.BINFLOAT,
          Opcodes.SHORT_BINUNICODE,
          Opcodes.SHORT_BINBYTES,
          Opcodes.SHORT_BINSTRING,
          Opcodes.EMPTY_TUPLE,
          Opcodes.TUPLE,
          Opcodes.TUPLE1,
          Opcodes.TUPLE2,
          Opcodes.TUPLE3,
          Opcodes.EMPTY_LIST,
          Opcodes.BINGET,
          Opcodes.LONG_BINGET,
          Opcodes.BINPUT,
          Opcodes.LONG_BINPUT,
          Opcodes.MEMOIZE,
          Opcodes.FRAME -> {
        return super.dispatch(opcode);
      }
      default ->
          throw new ModelFormatException(
              origin + ": the pickle has the opcode " + opcode + ", which no state dict needs");
    }
    return NO_RETURN_VALUE;
  }

  private void checkProtocol() throws IOException {
    int protocol = bounded.read();
    if (protocol < 0 || protocol > HIGHEST_PROTOCOL_READ) {
      throw new ModelFormatException(origin + ": unknown pickle protocol " + protocol);
    }
  }

  private String readLine() throws IOException {
    return PickleUtils.readline(bounded);
  }

  private Object global(String module, String name) throws ModelFormatException {
    Optional<Object> found = PickleGlobals.find(module, name);
    if (found.isEmpty()) {
      throw new ModelFormatException(
          origin
              + ": the pickle asks for "
              + module
              + "."
              + name
              + ", which is not on the list of what a state dict needs; a file like this can run"
              + " any code in Python. Save the state dict alone, best as safetensors");
    }
    return found.get();
  }

  private void construct() throws ModelFormatException {
    Object arguments = stack.pop();
    Object callable = stack.pop();
    if (callable instanceof Opaque) {
      stack.add(Opaque.value());
      return;
    }
    if (!(callable instanceof PickleGlobals.Constructor constructor)
        || !(arguments instanceof Object[] tuple)) {
      throw new ModelFormatException(origin + ": the pickle calls something that is no function");
    }
    stack.add(constructor.construct(tuple));
  }

  private void build() throws ModelFormatException {
    Object state = stack.pop();
    Object target = stack.peek();
    if (target instanceof ScriptObject object && state instanceof Map<?, ?> attributes) {
      attributes.forEach((name, value) -> object.attributes().put(name.toString(), value));
    } else if (!(target instanceof Map<?, ?> || target instanceof Opaque)) {
      throw new ModelFormatException(origin + ": the pickle changes something that is no module");
    }
    // A state dict's own attributes are versions of its modules, which shapes settle anyway.
  }

  private void append(Object target, List<Object> items) throws ModelFormatException {
    if (target instanceof ArrayList<?>) {
      @SuppressWarnings("unchecked") // only Pyrolite makes lists, of anything
      List<Object> list = (List<Object>) target;
      list.addAll(items);
    } else {
      checkIsOpaque(target);
    }
  }

  private void checkIsOpaque(Object target) throws ModelFormatException {
    if (!(target instanceof Opaque)) {
      throw new ModelFormatException(
          origin + ": the pickle adds to something that is no list or set");
    }
  }

  private PickledStorage storage(Object reference) throws ModelFormatException {
    if (!(reference instanceof Object[] parts)
        || parts.length < 5
        || !"storage".equals(parts[0])
        || !(parts[1] instanceof PickleGlobals.StorageType type)
        || !(parts[2] instanceof String key)
        || (parts.length > 5 && parts[5] != null)) {
      throw new ModelFormatException(
          origin + ": the pickle refers to something that is no storage of PyTorch");
    }
    PickledStorage storage = new PickledStorage(key, type.type(), PickleGlobals.number(parts[4]));
    PickledStorage before = storages.putIfAbsent(key, storage);
    if (before != null && !before.equals(storage)) {
      throw new ModelFormatException(
          origin + ": storage " + key + " is " + before + " and " + storage + " at once");
    }
    return storage;
  }

  private void put(Object key, Object value, Object target) throws ModelFormatException {
    if (target instanceof Opaque) {
      return;
    }
    boolean isPlain = key == null || key instanceof Boolean || key instanceof Double;
    if (isPlain || key instanceof Opaque) {
      key = Opaque.value(); // no tensor's name, and not looked for
    }
    // Other keys could make hashing arbitrarily slow.
    if (!(key instanceof Opaque
            || key instanceof String
            || key instanceof Integer
            || key instanceof Long)
        || !(target instanceof LinkedHashMap<?, ?>)) {
      throw new ModelFormatException(
          origin + ": dictionaries of a state dict have names or numbers as keys, no others");
    }
    @SuppressWarnings("unchecked") // only this class makes maps
    Map<Object, Object> map = (Map<Object, Object>) target;
    map.put(key, value);
  }

  private void checkLength(int bytes) throws IOException {
    long length = bounded.peekNumber(bytes);
    if (length < 0 || length > bounded.left()) {
      throw new ModelFormatException(
          origin
              + ": a value of the pickle claims "
              + Long.toUnsignedString(length)
              + " bytes where "
              + bounded.left()
              + " are left");
    }
  }

  private ModelFormatException broken(Exception cause) {
    return new ModelFormatException(
        origin + ": the pickle is damaged near byte " + bounded.position(), cause);
  }
}
