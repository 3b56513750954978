"""Fréchet distances and Inception features by torch-fidelity, distances by pytorch-fid too.
Usage: eval.py THREADS FOLDER, or eval.py --make FOLDER SHAPES.h5: moments of 10,000 rows of 2048 features
that overlap (a.npz, b.npz) and random weights of the sizes in SHAPES.h5 (weights.pth); or
eval.py --images N A B: folders of N smooth images of 32 pixels, the second ones darker"""
import pathlib
import sys

import h5py
import numpy
import torch


def make(folder, shapes):
    random = numpy.random.default_rng(0)
    mix = random.standard_normal((2048, 2048)) / 45
    for name, scale in (("a", 1.0), ("b", 1.1)):
        features = random.standard_normal((10000, 2048)) @ mix * scale + scale
        numpy.savez(f"{folder}/{name}.npz", mu=features.mean(0), sigma=numpy.cov(features, rowvar=False))
    weights = {}
    with h5py.File(shapes) as file:
        sizes, dims = file["weights/shapes"][:], file["weights/ndim"][:]
        for name, size, dim in zip(file["weights/names"].asstr()[:], sizes, dims):
            shape = [int(n) for n in size[:dim]]
            variance = 2 / int(numpy.prod(shape[1:])) if len(shape) == 4 else 1  # what rectifiers keep
            weights[name] = torch.rand(shape) + 0.5 if "running_var" in name else torch.randn(shape) * variance**0.5
    torch.save(weights, f"{folder}/weights.pth")


def images(count, *folders):
    from PIL import Image

    random = numpy.random.default_rng(0)
    for folder, bright in zip(folders, (255, 200)):
        pathlib.Path(folder).mkdir()
        for i in range(int(count)):
            coarse = Image.fromarray((random.random((5, 5, 3)) * bright).astype(numpy.uint8))
            coarse.resize((32, 32), Image.BICUBIC).save(f"{folder}/{i:06d}.png")


def main(threads, folder):
    from pytorch_fid.fid_score import calculate_frechet_distance
    from serve import serve
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torch_fidelity.metric_fid import fid_statistics_to_metric

    torch.set_num_threads(int(threads))
    a, b = (dict(numpy.load(f"{folder}/{name}.npz")) for name in "ab")
    net = FeatureExtractorInceptionV3("net", ["2048"], feature_extractor_weights_path=f"{folder}/weights.pth").eval()
    x = torch.randint(256, (16, 3, 32, 32), dtype=torch.uint8)

    def frechet():
        fid_statistics_to_metric(a, b, False)
        return 1

    def frechet_pytorch_fid():
        calculate_frechet_distance(a["mu"], a["sigma"], b["mu"], b["sigma"])
        return 1

    def inception():
        with torch.no_grad():
            return len(net(x)[0])

    serve({"frechet": frechet, "frechet-pytorch-fid": frechet_pytorch_fid, "inception": inception})


MAKERS = {"--make": make, "--images": images}
if sys.argv[1] in MAKERS:
    MAKERS[sys.argv[1]](*sys.argv[2:])
else:
    main(*sys.argv[1:])
