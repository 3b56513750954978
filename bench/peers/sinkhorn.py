"""Sinkhorn as Python packages do it, on equal points with equal iterations: geomloss and OTT-JAX, costs
kept; OTT-JAX "online", costs recomputed. The points given to nearest targets: a product and an argmax.
Usage: sinkhorn.py PACKAGE THREADS, PACKAGE one of geomloss, ott, torch."""
import functools
import os
import sys

PACKAGE, THREADS = sys.argv[1], sys.argv[2]
os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={str(THREADS != '1').lower()} intra_op_parallelism_threads={THREADS}"
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
    os.environ[name] = THREADS
if hasattr(os, "sched_setaffinity"):  # XLA sizes its pools by the cores it may use
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(THREADS)])
import numpy

from serve import serve

D, EPSILON = 784, 0.05


def points(n):
    random = numpy.random.default_rng(0)
    x = random.standard_normal((n, D), dtype=numpy.float32)
    y = 0.5 * random.standard_normal((n, D), dtype=numpy.float32) + numpy.float32(0.2)
    return x, y


def cost_of(x, y):
    cost = (x * x).sum(1)[:, None] + (y * y).sum(1)[None] - 2 * x @ y.T
    return cost, EPSILON * float(cost.mean())


def geomloss():
    import torch
    from geomloss._legacy.sinkhorn_divergence import sinkhorn_loop
    from geomloss._legacy.sinkhorn_samples import softmin_tensorized

    torch.set_num_threads(int(THREADS))

    def iterations(n, count):
        @functools.cache
        def given():
            cost, eps = cost_of(*points(n))
            C = torch.from_numpy(cost)[None]
            # The transpose as it lies: rows of both are read in order.
            return C, C.transpose(1, 2).contiguous(), torch.full((1, n), 1 / n).log(), eps

        def run():
            C, C_t, log, eps = given()
            sinkhorn_loop(softmin_tensorized, [log], [log], [None], [None], [C], [C_t], [eps] * count, None,
                          debias=False, last_extrapolation=False)
            return count

        return run

    return {"sinkhorn-2048": iterations(2048, 40), "sinkhorn-10000": iterations(10000, 2)}


def ott():
    import jax
    import jax._src.interpreters.batching

    # OTT 0.6 asks for a name that JAX 0.10 has moved.
    jax.interpreters.batching.is_vmappable = jax._src.interpreters.batching.is_vmappable
    from ott.geometry import geometry, pointcloud
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn

    def runner(geom_of, n, count):
        @functools.cache
        def given():
            x, y = points(n)
            cost, eps = cost_of(x, y)
            return [*map(jax.device_put, (x, y) if geom_of is online else (cost,)), eps]

        solver = sinkhorn.Sinkhorn(threshold=-1.0, max_iterations=count, min_iterations=count, inner_iterations=count,
                                   lse_mode=True)
        solve = jax.jit(lambda *arrays: solver(linear_problem.LinearProblem(geom_of(*arrays))).g)

        def run():
            solve(*given()).block_until_ready()
            return count

        return run

    def kept(cost, eps):
        return geometry.Geometry(cost_matrix=cost, epsilon=eps)

    def online(x, y, eps):
        return pointcloud.PointCloud(x, y, epsilon=eps, batch_size=1024)

    return {
        "sinkhorn-2048": runner(kept, 2048, 40),
        "sinkhorn-10000": runner(kept, 10000, 2),
        "sinkhorn-tiled": runner(online, 2048, 10),
    }


def torch_argmax():
    import torch

    torch.set_num_threads(int(THREADS))
    y, g = torch.randn(60000, D), torch.randn(60000)

    def assign():
        torch.addmm(g, torch.randn(512, D), y.t()).argmax(1)
        return 512

    def gemm():
        torch.mm(torch.randn(512, D), y.t())
        return 512

    return {"semidiscrete": assign, "gemm": gemm}


serve({"geomloss": geomloss, "ott": ott, "torch": torch_argmax}[PACKAGE]())
