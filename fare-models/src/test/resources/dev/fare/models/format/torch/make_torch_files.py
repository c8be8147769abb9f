"""Makes the .pt files of this folder from ../visual_tiny.safetensors, without PyTorch.

Python's own pickler writes what torch.save writes once names and references are the same; so the files are independent of
the Java reader. Run in this folder: python3 make_torch_files.py
"""

import argparse
import collections
import datetime
import io
import json
import pathlib
import pickle
import struct
import sys
import types
import zipfile

import numpy as np


def module(name):
    parts = name.split(".")
    for i in range(len(parts)):
        sys.modules.setdefault(".".join(parts[: i + 1]), types.ModuleType(".".join(parts[: i + 1])))
    return sys.modules[name]


def fake_class(qualified):
    owner, name = qualified.rsplit(".", 1)
    cls = type(name, (), {"__module__": owner})
    setattr(module(owner), name, cls)
    return cls


def fake_function(qualified):
    owner, name = qualified.rsplit(".", 1)

    def function(*args):
        raise AssertionError

    function.__module__, function.__qualname__, function.__name__ = owner, name, name
    setattr(module(owner), name, function)
    return function


REBUILD = fake_function("torch._utils._rebuild_tensor_v2")
PARAMETER = fake_function("torch._utils._rebuild_parameter")
STORAGES = {
    "float32": fake_class("torch.FloatStorage"),
    "float16": fake_class("torch.HalfStorage"),
    "int64": fake_class("torch.LongStorage"),
}


class Storage:
    def __init__(self, key, array):
        self.key, self.array = key, np.ascontiguousarray(array).reshape(-1)


class Tensor:
    def __init__(self, storage, offset, shape, strides, is_parameter=False):
        self.view = (storage, offset, tuple(shape), tuple(strides))
        self.is_parameter = is_parameter

    def __reduce__(self):
        plain = (*self.view, False, collections.OrderedDict())
        if not self.is_parameter:
            return REBUILD, plain
        return PARAMETER, (Tensor(*self.view), True, collections.OrderedDict())


class TorchPickler(pickle.Pickler):
    def __init__(self, file, legacy):
        super().__init__(file, protocol=2)
        self.legacy = legacy

    def persistent_id(self, value):
        if isinstance(value, Storage):
            kind = STORAGES[str(value.array.dtype)]
            reference = ("storage", kind, value.key, "cpu", value.array.size)
            return (*reference, None) if self.legacy else reference
        return None


def pickled(value, legacy=False):
    out = io.BytesIO()
    TorchPickler(out, legacy).dump(value)
    return out.getvalue()


def strides(shape):
    result = [1] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        result[i] = result[i + 1] * shape[i + 1]
    return result


def tensors(arrays):
    state, storages = collections.OrderedDict(), []
    for i, (name, array) in enumerate(arrays.items()):
        if name == "proj":  # a transposed view
            storage = Storage(str(i), array.T)
            state[name] = Tensor(storage, 0, array.shape, (1, array.shape[0]))
        elif name == "class_embedding":  # a view into a larger storage, as a parameter
            storage = Storage(str(i), np.concatenate([np.full(5, 7, array.dtype), array]))
            state[name] = Tensor(storage, 5, array.shape, (1,), is_parameter=True)
        else:
            storage = Storage(str(i), array)
            state[name] = Tensor(storage, 0, array.shape, strides(array.shape))
        storages.append(storage)
    return state, storages


def state_dict(arrays):
    state, storages = tensors(arrays)
    state._metadata = collections.OrderedDict({"": {"version": 1}, "ln_pre": {"version": 1}})
    return state, storages


def save_zip(path, value, storages, top="archive", compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        def put(name, data):
            archive.writestr(zipfile.ZipInfo(f"{top}/{name}", (2022, 1, 1, 0, 0, 0)), data, compression)

        put("data.pkl", pickled(value))
        put("byteorder", b"little")
        for storage in storages:
            put(f"data/{storage.key}", storage.array.tobytes())
        put("version", b"3\n")


def save_legacy(path, value, storages):
    with open(path, "wb") as out:
        out.write(pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2))
        out.write(pickle.dumps(1001, protocol=2))
        sizes = {"short": 2, "int": 4, "long": 4}
        out.write(pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}, protocol=2))
        out.write(pickled(value, legacy=True))
        ordered = sorted(storages, key=lambda s: s.key)
        out.write(pickle.dumps([s.key for s in ordered], protocol=2))
        for storage in ordered:
            out.write(struct.pack("<q", storage.array.size))
            out.write(storage.array.tobytes())


def read_safetensors(path):
    data = open(path, "rb").read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[8 + length :][slice(*entry["data_offsets"])], np.float32).reshape(entry["shape"])
        for name, entry in header.items()
    }


def openai_arrays():
    random = np.random.RandomState(0)
    width, mlp, size = 64, 96, 16
    shapes = {}

    def block(prefix):
        for name, shape in {
            "ln_1.weight": [width], "ln_1.bias": [width], "ln_2.weight": [width], "ln_2.bias": [width],
            "attn.in_proj_weight": [3 * width, width], "attn.in_proj_bias": [3 * width],
            "attn.out_proj.weight": [width, width], "attn.out_proj.bias": [width],
            "mlp.c_fc.weight": [mlp, width], "mlp.c_fc.bias": [mlp],
            "mlp.c_proj.weight": [width, mlp], "mlp.c_proj.bias": [width],
        }.items():
            shapes[prefix + name] = shape

    shapes["visual.conv1.weight"] = [width, 3, 4, 4]
    shapes["visual.class_embedding"] = [width]
    shapes["visual.positional_embedding"] = [10, width]
    shapes["visual.proj"] = [width, size]
    for name in ["visual.ln_pre", "visual.ln_post", "ln_final"]:
        shapes[name + ".weight"] = shapes[name + ".bias"] = [width]
    block("visual.transformer.resblocks.0.")
    block("transformer.resblocks.0.")
    shapes["token_embedding.weight"] = [30, width]
    shapes["positional_embedding"] = [7, width]
    shapes["text_projection"] = [width, size]
    shapes["logit_scale"] = []
    return {name: random.randn(*shape).astype(np.float16) if shape else np.float16(4.5) for name, shape in shapes.items()}


def script_module(arrays, activation):
    state, storages = tensors({name: np.asarray(array) for name, array in arrays.items()})
    for name in ["input_resolution", "context_length", "vocab_size"]:
        storage = Storage(name, np.array([12], np.int64))
        state[name] = Tensor(storage, 0, (), ())
        storages.append(storage)
    prefix = "__torch__.multimodal.model.multimodal_transformer.___torch_mangle_"
    classes = iter(range(9000, 10000))

    def new(simple):
        instance = fake_class(f"{prefix}{next(classes)}.{simple}")()
        instance.training = False
        return instance

    root = new("Multimodal")
    for name, tensor in state.items():
        owner = root
        for part in name.split(".")[:-1]:
            if part not in owner.__dict__:
                owner.__dict__[part] = new("Module")
            owner = owner.__dict__[part]
        owner.__dict__[name.split(".")[-1]] = tensor
    for tower in [root.visual, root]:
        tower.transformer.__dict__["resblocks"].__dict__["0"].mlp.gelu = new(activation)
    return root, storages


def main():
    visual = read_safetensors("../visual_tiny.safetensors")
    half = {name: array.astype(np.float16) for name, array in visual.items()}

    save_zip("fare_tiny.pt", *state_dict(visual))

    state, storages = state_dict({"module." + name: array for name, array in half.items()})
    save_zip("fare_tiny_wrapped.pt", {"vision_encoder_state_dict": state, "epoch": 3, "lr": 1e-5}, storages,
             compression=zipfile.ZIP_DEFLATED)

    save_legacy("fare_tiny_legacy.pt", *state_dict(half))

    state, storages = state_dict({"module._orig_mod.model." + name: array for name, array in visual.items()})
    ones = Storage("ones", np.array([1], np.float32))
    state["module._orig_mod.model.ln_pre.weight"] = Tensor(ones, 0, visual["ln_pre.weight"].shape, (0,))
    beside = {
        "args": argparse.Namespace(eps=4 / 255, steps=[1, 2], out=pathlib.PurePosixPath("runs/fare4")),
        "best": np.float64(0.5),
        "curve": np.arange(3.0),
        "counts": collections.Counter("abca"),
        "classes": {1, 2},
        "frozen": frozenset({3}),
        "by_epoch": collections.defaultdict(list, {1: [np.int64(7)]}),
        "recent": collections.deque([1, 2], 5),
        "when": datetime.datetime(2024, 2, 19),
        "odd_keys": {None: 1, 0.5: 2, True: 3},
    }
    save_zip("training_checkpoint.pt", {"state_dict": state, **beside}, [*storages, ones])

    save_zip("openai_tiny.pt", *script_module(openai_arrays(), "QuickGELU"), top="ViT-B-32")
    arrays = openai_arrays()
    with open("openai_tiny.expected.json", "w") as out:
        json.dump({name: [float(np.float64(array.astype(np.float64).sum())), float(array.reshape(-1)[-1])]
                   for name, array in sorted(arrays.items()) if name}, out, indent=1)
        out.write("\n")


main()
