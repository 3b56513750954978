"""Sets the bench programs against their Python peers and prints ratios.

The two sides take turns, workload by workload and repeat by repeat, in processes that stay: what else
the machine does meets both. A ratio is ours over theirs in the same turn, so above 1 we are faster.
Parallel decoding is set against the peer's decoding token by token, and "auto" once more against
the better of our own two. Trained weights (a checkpoint of nf-train; data/experiments/
fashion-mnist-28.json makes one) tell what sweeps a real flow needs.
Usage: run.py [--build DIR] [--peers PYTHON] [--threads N] [--batch N] [--weights FILE.h5] [--repeats N] [--memory] [--images N] [WORKLOAD ...]"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TARFLOW = ["train", "train-bf16", "encode", "encode-bf16", "decode", "decode-guided"]
PARALLEL = ["decode-jacobi", "decode-auto"]
# Training and sampling of velocity fields; "fused": the peer's U-Net with fused attention.
FIELDS = [
    *["unet28-train", "unet28-train-fused", "unet28-sample", "unet28-sample-fused"],
    *["unet32-train", "unet32-sample", "unet32-train-fused-bf16", "unet32-sample-fused-bf16"],
    *["dit-train", "dit-train-bf16", "dit-sample"],
]
# Training of flow maps, by losses with derivatives and without; "fm": a step of flow matching.
MAPS = [f"map-{net}-{loss}" for net in ("mlp", "dit") for loss in ("fm", "meanflow", "lagrangian", "itvm")]
# make bench RUN=map-costs: every loss of maps, ours alone.
LOSSES = ["itvm", "lagrangian", "eulerian", "meanflow", "shortcut", "consistency", "endpoint"]
COSTS = "map-costs"
# Fréchet distances of 2048 features by torch-fidelity and pytorch-fid, Inception features by torch-fidelity.
EVAL = ["frechet", "frechet-pytorch-fid", "inception"]
# eval-fid and torch-fidelity's command, from two folders of PNG images to the distance.
WHOLE = "evaluation"
PLANS = ["plan-512", "plan-1024", "plan-2048"]
# Workloads of transport, and the packages that have them: the fastest is the peer.
TRANSPORT = {
    "sinkhorn-2048": ["geomloss", "ott"],
    "sinkhorn-10000": ["geomloss", "ott"],
    "sinkhorn-tiled": ["ott"],
    "semidiscrete": ["torch"],
    "gemm": ["torch"],
}


class Side:
    """A process that answers a workload's name with its speed."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, workload):
        print(workload, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        return json.loads(line)["samples_per_s"] if line else sys.exit(f"{self.process.args} ended")

    def peak(self):
        """The most memory that the process held, in MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1000

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def started(*command):
    """How often a second a command runs from start to end."""
    start = time.perf_counter()
    subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, check=True)
    return 1 / (time.perf_counter() - start)


def report(name, unit, pairs):
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(side) for side in zip(*pairs))
    print(
        f"{name:24s} {ours:11.4g} {theirs:11.4g} {unit:11s} ratio {statistics.median(ratios):7.2f}"
        f"   ({ratios[0]:.2f} to {ratios[-1]:.2f}, n = {len(ratios)})",
        flush=True,
    )


def peer_name(workload):
    return "decode" if workload in PARALLEL else workload


def speed(chosen, ours, theirs, repeats):
    for name in chosen:
        ours(name), theirs(peer_name(name))  # warm
        report(name, "samples/s", [(ours(name), theirs(peer_name(name))) for _ in range(repeats)])
        if name == "decode-auto":
            ways = ["decode-auto", "decode", "decode-jacobi"]
            speeds = [[ours(way) for way in ways] for _ in range(repeats + 1)][1:]
            report("  to the better", "samples/s", [(auto, max(others)) for auto, *others in speeds])


def memory(chosen, start_ours, start_theirs):
    for name in chosen:  # each in processes of its own
        ours, theirs = start_ours(), start_theirs()
        ours(name), theirs(peer_name(name))
        print(f"{name:24s} {ours.peak():11.4g} {theirs.peak():11.4g} MB at most  ratio {theirs.peak() / ours.peak():7.2f}")
        ours.close(), theirs.close()


def compare(given, chosen, ours, theirs):
    """Speed, or memory, of two programs."""
    if given.memory:
        return memory(chosen, lambda: Side(*ours), lambda: Side(*theirs))
    ours, theirs = Side(*ours), Side(*theirs)
    speed(chosen, ours, theirs, given.repeats)
    ours.close(), theirs.close()


def tarflow(given, chosen, folder):
    ours = [given.build / "bench/bench-tarflow", given.threads, given.batch]
    theirs = [given.peers, HERE / "peers/tarflow.py", given.threads, given.batch]
    if given.weights:
        numpy = f"{folder}/weights.npz"
        subprocess.run([given.build / "couplet-convert", given.weights, "-q", "-o", numpy], check=True)
        ours, theirs = [*ours, given.weights], [*theirs, numpy]
    compare(given, chosen, ours, theirs)


def training(given, chosen, name):
    ours = [given.build / f"bench/bench-{name}", given.threads, given.batch]
    theirs = [given.peers, HERE / f"peers/{name}.py", given.threads, given.batch]
    compare(given, chosen, ours, theirs)


def costs(given):
    """What a step by each loss of maps takes: "ratio", in steps of flow matching, whose speed stands first."""
    ours = Side(given.build / "bench/bench-maps", given.threads, given.batch)
    for net in ("mlp", "dit"):
        chosen = [f"map-{net}-{loss}" for loss in LOSSES]
        speed(chosen, lambda _: ours(f"map-{net}-fm"), ours, given.repeats)
    ours.close()


def evaluation(given, folder):
    """Whole commands on one core, each with as many images as --images on either side."""
    images, weights = [f"{folder}/images-{name}" for name in "ab"], f"{folder}/weights.pth"
    subprocess.run([given.peers, HERE / "peers/eval.py", "--images", str(given.images), *images], check=True)
    ours = ["taskset", "-c", "0", given.build / "eval-fid", *images, "--features", weights, "--threads", "1", "-q"]
    theirs = ["taskset", "-c", "0", given.peers, "-m", "torch_fidelity.fidelity", "--cpu", "--fid", "--silent"]
    theirs += ["--input1", images[0], "--input2", images[1], "--feature-extractor-weights-path", weights]
    report(WHOLE, "commands/s", [(started(*ours), started(*theirs)) for _ in range(given.repeats)])


def transport(given, chosen):
    """Iterations of Sinkhorn, or noises given to their points, each second."""
    ours = Side(given.build / "bench/bench-sinkhorn", given.threads)
    packages = {name for workload in chosen for name in TRANSPORT[workload]}
    sides = {name: Side(given.peers, HERE / "peers/sinkhorn.py", name, given.threads) for name in packages}

    def best(workload):
        return max(sides[name](workload) for name in TRANSPORT[workload])

    speed(chosen, ours, best, given.repeats)
    for side in [ours, *sides.values()]:
        side.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cache = pathlib.Path.home() / ".cache/couplet"
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build")
    parser.add_argument("--peers", default=cache / "peers/bin/python", help="a Python with torch and h5py")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--weights", type=pathlib.Path, help="a checkpoint of nf-train with the bench's sizes")
    parser.add_argument("--memory", action="store_true", help="memory instead of speed")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--images", type=int, default=256, help=f"of {WHOLE}: on either side")
    parser.add_argument("workloads", nargs="*", default=[*TARFLOW, *FIELDS, *MAPS, *EVAL, WHOLE, "rows", *PLANS, *TRANSPORT, "start"])
    given = parser.parse_args()
    wanted, peers, bench = given.workloads, HERE / "peers", given.build / "bench"

    print(f"{'':24s} {'ours':>11s} {'peer':>11s}")
    with tempfile.TemporaryDirectory() as folder:
        if chosen := [name for name in TARFLOW + PARALLEL if name in wanted]:
            tarflow(given, chosen, folder)
        if chosen := [name for name in wanted if name.startswith(("unet", "dit"))]:
            training(given, chosen, "fields")
        if chosen := [name for name in MAPS if name in wanted]:
            training(given, chosen, "maps")
        if COSTS in wanted:
            costs(given)
        if {WHOLE, *EVAL} & set(wanted):
            shapes = HERE.parent / "tests/reference/numerics/inception.h5"
            subprocess.run([given.peers, peers / "eval.py", "--make", folder, shapes], check=True)
        if WHOLE in wanted:
            evaluation(given, folder)
        if chosen := [name for name in EVAL if name in wanted]:
            ours = Side(bench / "bench-eval", given.threads, folder)
            theirs = Side(given.peers, peers / "eval.py", given.threads, folder)
            speed(chosen, ours, theirs, given.repeats)
            ours.close(), theirs.close()
        if chosen := [name for name in PLANS if name in wanted]:
            file = f"{folder}/costs.h5"
            subprocess.run([given.peers, peers / "assignment.py", "--make", file], check=True)
            ours, theirs = Side(bench / "bench-assignment", file), Side(given.peers, peers / "assignment.py", file)
            speed(chosen, ours, theirs, given.repeats)
            ours.close(), theirs.close()
        if "rows" in wanted:
            flat, chunked = f"{folder}/flat.h5", f"{folder}/chunked.h5"
            subprocess.run([given.peers, peers / "rows.py", "--make", flat], check=True)
            subprocess.run([given.peers, peers / "rows.py", "--make", chunked, "64"], check=True)
            ours, theirs = Side(bench / "bench-rows", flat), Side(given.peers, peers / "rows.py", chunked)
            speed(["rows"], ours, theirs, given.repeats)
            ours.close(), theirs.close()
    if chosen := [name for name in TRANSPORT if name in wanted]:
        transport(given, chosen)
    if "start" in wanted:
        ours = [given.build / "couplet-info", "--version"]
        theirs = [given.peers, "-c", "import torch"]
        started(*ours), started(*theirs)
        report("start", "starts/s", [(started(*ours), started(*theirs)) for _ in range(given.repeats)])


main()
