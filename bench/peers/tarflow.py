"""What a plain PyTorch program does for a TarFlow 4-128-4-2 on 1x28x28 of ten classes: the operations,
sizes and names of apple/ml-tarflow (unfold, a mask in SDPA, caches grown by torch.cat, two passes for
guidance, AdamW as it comes), written anew.  Usage: tarflow.py THREADS BATCH [WEIGHTS.npz]"""
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional as F

from serve import serve

BATCH = int(sys.argv[2])
SIDE, PATCH, CLASSES, WIDTH, HEAD, BLOCKS, LAYERS = 28, 4, 10, 128, 64, 4, 2
TOKENS, NUMBERS = (SIDE // PATCH) ** 2, PATCH * PATCH


class Norm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.float()).type(x.dtype)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.qkv, self.proj = Norm(WIDTH), nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.cache = {}

    def forward(self, x, mask=None, branch=None, temperature=1.0):
        n, t, _ = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, t, -1, HEAD).transpose(1, 2).chunk(3, 1)
        if branch is not None:
            keys, values = self.cache.setdefault(branch, ([], []))
            keys.append(k), values.append(v)
            k, v = torch.cat(keys, 2), torch.cat(values, 2)
            self.cache[branch] = ([k], [v])
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=HEAD**-0.5 / temperature)
        return self.proj(x.transpose(1, 2).reshape(n, t, WIDTH))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = Norm(WIDTH)
        self.main = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        return self.main(self.norm(x))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.mlp = Attention(), Mlp()

    def forward(self, x, **kind):
        x = x + self.attention(x, **kind)
        return x + self.mlp(x)


class Block(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.proj_in, self.proj_out = nn.Linear(NUMBERS, WIDTH), nn.Linear(WIDTH, 2 * NUMBERS)
        self.pos_embed = nn.Parameter(0.01 * torch.randn(TOKENS, WIDTH))
        self.class_embed = nn.Parameter(0.01 * torch.randn(CLASSES, 1, WIDTH))
        self.attn_blocks = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.register_buffer("attn_mask", torch.tril(torch.ones(TOKENS, TOKENS)))

    def order(self, x, dim=1):
        return x.flip(dim) if self.flip else x

    def encode(self, x, y):
        x, pos = self.order(x), self.order(self.pos_embed, 0)
        h = self.proj_in(x) + pos + self.class_embed[y]
        for layer in self.attn_blocks:
            h = layer(h, mask=self.attn_mask.bool())
        h = self.proj_out(h)
        h = torch.cat([torch.zeros_like(h[:, :1]), h[:, :-1]], dim=1)
        a, b = h.chunk(2, -1)
        scale = (-a.float()).exp().type(a.dtype)
        return self.order((x - b) * scale), -a.mean(dim=[1, 2])

    def step(self, x, pos, given, i, **kind):
        h = self.proj_in(x[:, i : i + 1]) + pos[i : i + 1] + given
        for layer in self.attn_blocks:
            h = layer(h, **kind)
        return self.proj_out(h).chunk(2, -1)

    def decode(self, x, y, guidance, temperature):
        x, pos = self.order(x).clone(), self.order(self.pos_embed, 0)
        given, null = self.class_embed[y], self.class_embed.mean(0)
        for layer in self.attn_blocks:
            layer.attention.cache = {}
        for i in range(TOKENS - 1):
            a, b = self.step(x, pos, given, i, branch="given")
            if guidance:
                a_null, b_null = self.step(x, pos, null, i, branch="null", temperature=temperature)
                w = guidance * (i + 1) / (TOKENS - 1)
                a, b = a + w * (a - a_null), b + w * (b - b_null)
            scale = a[:, 0].float().exp().type(a.dtype)
            x[:, i + 1] = x[:, i + 1] * scale + b[:, 0]
        return self.order(x)


class Flow(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Block(i % 2 == 1) for i in range(BLOCKS))

    def encode(self, x, y):
        x, logdet = F.unfold(x, PATCH, stride=PATCH).transpose(1, 2), 0
        for block in self.blocks:
            x, more = block.encode(x, y)
            logdet = logdet + more
        return x, logdet

    def decode(self, z, y, guidance=0.0, temperature=1.0):
        for block in reversed(self.blocks):
            z = block.decode(z, y, guidance, temperature)
        return F.fold(z.transpose(1, 2), SIDE, PATCH, stride=PATCH)


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    flow = Flow()
    with torch.no_grad():
        for weight in flow.parameters():
            weight.add_(0.01 * torch.randn_like(weight))
    if len(sys.argv) > 3:
        with numpy.load(sys.argv[3]) as weights:
            flow.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights if name != "var"})
    optimizer = torch.optim.AdamW(flow.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=1e-4)
    x, y = torch.rand(BATCH, 1, SIDE, SIDE) * 2 - 1, torch.arange(BATCH) % CLASSES

    def train(bf16):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            z, logdet = flow.encode(x + 0.1 * torch.randn_like(x), y)
            loss = 0.5 * z.pow(2).mean() - logdet.mean()
        loss.backward()
        optimizer.step()
        return BATCH

    @torch.no_grad()
    def encode(bf16):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            flow.encode(x, y)
        return BATCH

    @torch.no_grad()
    def decode(**how):
        flow.decode(torch.randn(BATCH, TOKENS, NUMBERS), y, **how)
        return BATCH

    serve({
        "decode": decode,
        "decode-guided": lambda: decode(guidance=1.0, temperature=1.2),
        "encode": lambda: encode(False),
        "encode-bf16": lambda: encode(True),
        "train": lambda: train(False),
        "train-bf16": lambda: train(True),
    })


main()
