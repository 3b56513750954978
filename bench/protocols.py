"""What an FD between two halves of one data set depends on, and whether its statistics travel: images of train/ against
as many of test/ by eval-fid, prepared as four programs do, and by pytorch-fid; moments that one wrote, read by the other.
Usage: protocols.py [--images N] FOLDER, which has train/CLASS/* and test/CLASS/* (make peers first). Without --weights
the Inception network has random ones: the numbers are then no FID, but depend on a protocol as a FID does."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch

HERE = pathlib.Path(__file__).parent


def halves(source, count, folder):
    """Links to the first images of each class, in folders of their own."""
    for split in ("train", "test"):
        (folder / split).mkdir()
        classes = sorted(path for path in (source / split).iterdir() if path.is_dir())
        for kind in classes:
            for image in sorted(kind.iterdir())[: count // len(classes)]:
                os.symlink(image.resolve(), folder / split / f"{kind.name}-{image.name}")


def theirs(weights, folder):
    """Moments by pytorch-fid: {split}-theirs.npz."""
    import pytorch_fid.inception as inception
    from pytorch_fid.fid_score import calculate_activation_statistics

    inception.load_state_dict_from_url = lambda *_, **__: torch.load(weights)
    net = inception.InceptionV3([inception.InceptionV3.BLOCK_INDEX_BY_DIM[768]]).eval()
    for split in ("train", "test"):
        files = sorted(str(path) for path in (folder / split).iterdir())
        mu, sigma = calculate_activation_statistics(files, net, dims=768, num_workers=0)
        numpy.savez(folder / f"{split}-theirs.npz", mu=mu, sigma=sigma)


def number(line):
    """The distance in the features of the network that was given."""
    return next(line[key] for key in ("fid", "fd", "fd_inception", "fd_efficientnet") if key in line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--weights", type=pathlib.Path, help="of the FID's Inception")
    parser.add_argument("--features", nargs="*", default=[], help="other extractors of eval-fid, each a line")
    parser.add_argument("folder", type=pathlib.Path)
    given = parser.parse_args()

    def fid(*words):
        command = [given.build / "eval-fid", *words, "-q"]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        return [json.loads(line) for line in lines]

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        halves(given.folder, given.images, folder)
        train, test, weights = folder / "train", folder / "test", given.weights or folder / "weights.pth"
        if not given.weights:
            shapes = HERE.parent / "tests/reference/numerics/inception.h5"
            subprocess.run([sys.executable, HERE / "peers/eval.py", "--make", folder, shapes], check=True)
        for features in given.features:
            print(f"{number(fid(test, train, '--features', features, '--metrics', 'fd')[0]):14.6f}  {features}")
        for program in ("tensorflow", "pytorch-fid", "torchmetrics", "clean-fid"):
            line, = fid(test, train, "--features", weights, "--metrics", "fd", "-s", f"input={program}")
            print(f"{number(line):14.6f}  {weights.name}, input={program}")

        # The same protocol in both programs, and each with the other's moments of the train images. Of 768 features,
        # since pytorch-fid's root wants more images than features.
        from pytorch_fid.fid_score import calculate_frechet_distance
        theirs(weights, folder)
        by = ["--features", weights, "-s", "input=pytorch-fid", "-s", "layer=768"]
        ours = [*by, "--metrics", "fd"]
        for split in ("train", "test"):
            fid(folder / split, *by, "-o", folder / f"{split}-ours.npz")

        def distance(a, b):
            a, b = (numpy.load(folder / f"{name}.npz") for name in (a, b))
            return calculate_frechet_distance(a["mu"], a["sigma"], b["mu"], b["sigma"])

        print(f"{number(fid(test, train, *ours)[0]):14.6f}  eval-fid")
        print(f"{number(fid(test, folder / 'train-ours.npz', *ours)[0]):14.6f}  eval-fid, its npz of the train images")
        print(f"{number(fid(test, folder / 'train-theirs.npz', *ours)[0]):14.6f}  eval-fid, pytorch-fid's npz")
        print(f"{distance('test-theirs', 'train-theirs'):14.6f}  pytorch-fid")
        print(f"{distance('test-theirs', 'train-ours'):14.6f}  pytorch-fid, eval-fid's npz")


if __name__ == "__main__":
    main()
