"""Writes efficientnet.h5: features and classes of efficientnet_lite_pytorch 0.1.0 in double, with weights by the
formula of inception.h5 (an integer hash; see tests/formula_weights.cpp), of which the file has sizes and sums.
Usage: efficientnet.py FILE, with that package, torch and h5py."""
import sys

import h5py
import numpy
import torch
from efficientnet_lite_pytorch import EfficientNet


def formula(j, name, shape):
    count = int(numpy.prod(shape)) if len(shape) else 1
    z = (numpy.uint64(j) << numpy.uint64(32)) + numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    u = ((z ^ (z >> numpy.uint64(31))) >> numpy.uint64(11)).astype(numpy.float64)
    v = (2 * (u * 2.0**-53) - 1).reshape(shape)
    if len(shape) == 4 or name.endswith("fc.weight"):
        v = v * numpy.sqrt(6.0 / numpy.prod(shape[1:]))
    elif "bn" in name and name.endswith("weight"):
        v = 1 + 0.2 * v
    elif "bn" in name and name.endswith("bias"):
        v = 0.2 * v
    elif name.endswith("running_var"):
        v = 1 + 0.3 * v
    elif name.endswith("num_batches_tracked"):
        v = 0 * v
    else:
        v = 0.1 * v
    return v.astype(numpy.float32)


def main():
    net = EfficientNet.from_name("efficientnet-lite0").eval()
    state = net.state_dict()
    weights = {name: formula(j, name, tuple(w.shape)) for j, (name, w) in enumerate(state.items())}
    net.load_state_dict({name: torch.from_numpy(numpy.asarray(w)) for name, w in weights.items()})
    net = net.double()
    generator = torch.Generator().manual_seed(0)
    with h5py.File(sys.argv[1], "w") as file:
        file.attrs["reference"] = f"efficientnet_lite_pytorch 0.1.0, PyTorch {torch.__version__}, float64"
        file["weights/names"] = list(weights)
        file["weights/ndim"] = [w.ndim for w in weights.values()]
        file["weights/shapes"] = [list(w.shape) + [0] * (4 - w.ndim) for w in weights.values()]
        file["weights/sum_float64"] = [w.astype(numpy.float64).sum() for w in weights.values()]
        # A multiple of 32, for which the package's padding (made for 224) is TensorFlow's.
        for side, shape in {"224": (1, 3, 224, 224), "96x64": (2, 3, 96, 64)}.items():
            levels = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
            x = (levels.double() - 127) / 128
            with torch.no_grad():
                features = net.extract_features(x).mean((2, 3))
                logits = net._fc(features)
            file.create_dataset(f"inputs/{side}", data=levels.numpy(), compression="gzip", shuffle=True)
            file[f"outputs/features/{side}"] = features.numpy()
            file[f"outputs/logits/{side}"] = logits.numpy()


main()
