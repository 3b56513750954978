"""What plain PyTorch programs do to train flow maps by losses with derivatives: torch.func.jvp over the network of
two clocks, on 1x28x28 of ten classes; the residual perceptron and the DiT of bench/maps.cpp, written anew. A step is
the loss, clipping, AdamW as it comes, and the loop over weights of a moving average, of ITVM two. Attention is written out under
jvp, where the fused one has no forward derivative.  Usage: maps.py THREADS BATCH"""
import copy
import math
import sys

import torch
from torch import nn
from torch.nn import functional as F

import fields
from serve import serve

HARMONICS = 8


def harmonics(t):
    angle = t[:, None] * torch.arange(1, HARMONICS + 1) * math.pi
    return torch.cat([angle.sin(), angle.cos()], 1)


def clock(width):
    return nn.Sequential(nn.Linear(2 * HARMONICS, width), nn.SiLU(), nn.Linear(width, width))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation, self.first, self.last = nn.Linear(width, 3 * width), nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, h, c):
        shift, scale, gate = self.modulation(c).chunk(3, 1)
        inner = F.silu(self.first(self.norm(h) * (1 + scale) + shift))
        return h + (1 + gate) * self.last(inner)


class Mlp(nn.Module):
    def __init__(self, dims, width, depth):
        super().__init__()
        self.clock, self.second, self.label = clock(width), clock(width), nn.Embedding(fields.CLASSES + 1, width)
        self.enter, self.blocks = nn.Linear(dims, width), nn.ModuleList(Block(width) for _ in range(depth))
        self.norm, self.out = nn.LayerNorm(width, elementwise_affine=False), nn.Linear(width, dims)
        self.gain = nn.Linear(width, 1)

    def forward(self, x, s, h, y):
        c = F.silu(self.clock(harmonics(s)) + self.label(y) + self.second(harmonics(h)))
        flat = x.flatten(1)
        hidden = self.enter(flat)
        for block in self.blocks:
            hidden = block(hidden, c)
        return (self.out(F.silu(self.norm(hidden))) + self.gain(c) * flat).reshape(x.shape)


class WrittenOut(fields.Attention):
    """The softmax in single operations: softmax's own tangent cannot be differentiated (pytorch#162350)."""

    def forward(self, x):
        n, t, width = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        a = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        e = (a - a.amax(-1, keepdim=True).detach()).exp()
        return self.proj(((e / e.sum(-1, keepdim=True)) @ v).transpose(1, 2).reshape(n, t, width))


class Dit(fields.Dit):
    def __init__(self):
        super().__init__(channels=1, side=28, patch=4, width=384, depth=4, heads=6)
        self.dt_embedder = fields.ClockEmbedder(384)

    def forward(self, x, s, h, y):
        x = self.x_embedder(x) + self.pos_embed
        c = self.t_embedder(s) + self.y_embedder(y) + self.dt_embedder(h)
        for block in self.blocks:
            x = block(x, c)
        x = self.final_layer(x, c)
        x = x.reshape(len(x), self.grid, self.grid, self.patch, self.patch, self.out)
        return torch.einsum("nhwpqc->nchpwq", x).reshape(len(x), self.out, 28, 28)


def dit(written_out):
    net = Dit()
    for block in net.blocks if written_out else []:
        block.attn.__class__ = WrittenOut
    return net


class Student:
    def __init__(self, net, plain, batch):
        with torch.no_grad():
            for weight in net.parameters():
                weight.add_(0.01 * torch.randn_like(weight))
        # plain: the same weights with fused attention, where nothing is differentiated forward
        self.net, self.plain, self.batch = net, plain, batch
        self.plain.load_state_dict(net.state_dict())
        self.teacher = copy.deepcopy(self.plain).requires_grad_(False)
        self.average, self.target = (copy.deepcopy(self.plain).requires_grad_(False) for _ in range(2))
        self.x, self.y = torch.rand(batch, 1, 28, 28) * 2 - 1, torch.arange(batch) % fields.CLASSES
        self.kept = {}

    def step(self, net, loss_of, followers=()):
        if id(net) not in self.kept:
            self.kept[id(net)] = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0)
        optimizer = self.kept[id(net)]
        x0 = torch.randn_like(self.x)
        s, t = torch.rand(2, self.batch).sort(0).values
        x_s = x0 + s[:, None, None, None] * (self.x - x0)
        optimizer.zero_grad()
        loss_of(x0, x_s, s, t).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for average, decay in [(self.average, 0.9999), *followers]:
                for slow, weight in zip(average.parameters(), net.parameters()):
                    slow.mul_(decay).add_(weight, alpha=1 - decay)
        return self.batch

    def fm(self):
        return self.step(self.plain, lambda x0, x_s, s, t: (
            self.plain(x_s, s, torch.zeros_like(s), self.y) - (self.x - x0)).pow(2).mean())

    def meanflow(self):
        def loss(x0, x_s, s, t):
            w = self.x - x0
            u, du = torch.func.jvp(lambda x, at: self.net(x, at, t - at, self.y), (x_s, s), (w, torch.ones_like(s)))
            return (u - (w + (t - s)[:, None, None, None] * du).detach()).pow(2).mean()
        return self.step(self.net, loss)

    def lagrangian(self):
        def loss(x0, x_s, s, t):
            def phi(end):
                return x_s + (end - s)[:, None, None, None] * self.net(x_s, s, end - s, self.y)
            x_t, dx_t = torch.func.jvp(phi, (t,), (torch.ones_like(t),))
            with torch.no_grad():
                v = self.teacher(x_t, t, torch.zeros_like(t), self.y)
            return (dx_t - v).pow(2).mean()
        return self.step(self.net, loss)

    def itvm(self):
        def loss(x0, x_s, s, t):
            def wide(a):
                return a[:, None, None, None]
            r = t - ((t - s) / 2).clamp(max=0.05)
            zero = torch.zeros_like(s)
            ends = torch.cat([zero, t - s, r - s])
            u_s, u_t, u_r = self.plain(x_s.repeat(3, 1, 1, 1), s.repeat(3), ends, self.y.repeat(3)).chunk(3)
            with torch.no_grad():
                v = self.teacher(x_s, s, zero, self.y)
                end = self.target(x_s + wide(r - s) * u_r, r, t - r, self.y)
            k = wide((t - s) / (t - r).clamp(min=1e-6))
            return (u_s - v).pow(2).mean() + (k * u_t - (k - 1) * u_r - end).pow(2).mean()
        return self.step(self.plain, loss, [(self.target, 0.99)])


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    batch, students, work = int(sys.argv[2]), {}, {}
    makers = {"mlp": lambda _: Mlp(784, 512, 4), "dit": dit}

    def run(name, task):
        if name not in students:
            students[name] = Student(makers[name](True), makers[name](False), batch)
        return getattr(students[name], task)()

    for name in makers:
        for task in ("fm", "meanflow", "lagrangian", "itvm"):
            work[f"map-{name}-{task}"] = lambda of=(name, task): run(*of)
    serve(work)


main()
