"""Sets the bench programs against their Python peers and prints ratios.

The two sides take turns, workload by workload and repeat by repeat, in processes that stay: what else
the machine does meets both. A ratio is ours over theirs in the same turn, so above 1 we are faster.
Usage: run.py [--build DIR] [--peers PYTHON] [--threads N] [--repeats N] [WORKLOAD ...]"""
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
        f"{name:15s} {ours:11.4g} {theirs:11.4g} {unit:11s} ratio {statistics.median(ratios):7.2f}"
        f"   ({ratios[0]:.2f} to {ratios[-1]:.2f}, n = {len(ratios)})",
        flush=True,
    )


def take_turns(workloads, ours, theirs, repeats):
    for name in workloads:
        ours(name), theirs(name)  # warm
        report(name, "samples/s", [(ours(name), theirs(name)) for _ in range(repeats)])
    ours.close(), theirs.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cache = pathlib.Path.home() / ".cache/couplet"
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build")
    parser.add_argument("--peers", default=cache / "peers/bin/python", help="a Python with torch and h5py")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("workloads", nargs="*", default=[*TARFLOW, "rows", "start"])
    given = parser.parse_args()
    wanted, peers, bench = given.workloads, HERE / "peers", given.build / "bench"

    print(f"{'':15s} {'ours':>11s} {'peer':>11s}")
    if chosen := [name for name in TARFLOW if name in wanted]:
        ours = Side(bench / "bench-tarflow", given.threads)
        theirs = Side(given.peers, peers / "tarflow.py", given.threads)
        take_turns(chosen, ours, theirs, given.repeats)
    if "rows" in wanted:
        with tempfile.TemporaryDirectory() as folder:
            flat, chunked = f"{folder}/flat.h5", f"{folder}/chunked.h5"
            subprocess.run([given.peers, peers / "rows.py", "--make", flat], check=True)
            subprocess.run([given.peers, peers / "rows.py", "--make", chunked, "64"], check=True)
            ours = Side(bench / "bench-rows", flat)
            take_turns(["rows"], ours, Side(given.peers, peers / "rows.py", chunked), given.repeats)
    if "start" in wanted:
        ours = [given.build / "couplet-info", "--version"]
        theirs = [given.peers, "-c", "import torch"]
        started(*ours), started(*theirs)
        report("start", "starts/s", [(started(*ours), started(*theirs)) for _ in range(given.repeats)])


main()
