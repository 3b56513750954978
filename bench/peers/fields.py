"""What plain PyTorch programs do for velocity fields on 1x28x28 of ten classes: torchcfm's U-Net as its
example for MNIST has it (and once more with fused attention in place of its own), and a DiT of width 384,
four blocks, patches of 4, with the operations, sizes and names of facebookresearch/DiT, written anew. A
step of training is flow matching, clipping, AdamW as it comes, and the loop over weights by which both keep
their moving average.  Usage: fields.py THREADS BATCH, or fields.py --check FILE.h5… (reference numbers)"""
import copy
import json
import math
import sys

import torch
from torch import nn
from torch.nn import functional as F

from serve import serve

CLASSES, STEPS = 10, 8


def frequencies(t, width):
    f = torch.exp(-math.log(10000) * torch.arange(width // 2, dtype=torch.float32) / (width // 2))
    angle = t[:, None].float() * f[None]
    return torch.cat([angle.cos(), angle.sin()], -1)


class ClockEmbedder(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t):
        return self.mlp(frequencies(t, 256))


class LabelEmbedder(nn.Module):
    def __init__(self, classes, width):
        super().__init__()
        self.embedding_table = nn.Embedding(classes + 1, width)

    def forward(self, y):
        return self.embedding_table(y)


class PatchEmbedder(nn.Module):
    def __init__(self, channels, patch, width):
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, width = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, width))


class Mlp(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(width, inner), nn.GELU("tanh"), nn.Linear(inner, width)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


def modulate(x, shift, scale):
    return x * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)


class Block(nn.Module):
    def __init__(self, width, heads, ratio):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.norm2 = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.attn, self.mlp = Attention(width, heads), Mlp(width, int(width * ratio))
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x, c):
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = self.adaLN_modulation(c).chunk(6, 1)
        x = x + gate.unsqueeze(1) * self.attn(modulate(self.norm1(x), shift, scale))
        return x + gate_mlp.unsqueeze(1) * self.mlp(modulate(self.norm2(x), shift_mlp, scale_mlp))


class Final(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        self.norm_final = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.linear = nn.Linear(width, out)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x, c):
        return self.linear(modulate(self.norm_final(x), *self.adaLN_modulation(c).chunk(2, 1)))


class Dit(nn.Module):
    def __init__(self, channels, side, patch, width, depth, heads, ratio=4.0, classes=CLASSES, out=None):
        super().__init__()
        self.patch, self.grid, self.out = patch, side // patch, out or channels
        self.x_embedder, self.t_embedder = PatchEmbedder(channels, patch, width), ClockEmbedder(width)
        self.y_embedder = LabelEmbedder(classes, width)
        self.pos_embed = nn.Parameter(torch.zeros(1, self.grid**2, width), requires_grad=False)
        self.blocks = nn.ModuleList(Block(width, heads, ratio) for _ in range(depth))
        self.final_layer = Final(width, patch * patch * self.out)

    def forward(self, t, x, y):
        x = self.x_embedder(x) + self.pos_embed
        c = self.t_embedder(t) + self.y_embedder(y)
        for block in self.blocks:
            x = block(x, c)
        x = self.final_layer(x, c)
        x = x.reshape(len(x), self.grid, self.grid, self.patch, self.patch, self.out)
        side = self.grid * self.patch
        return torch.einsum("nhwpqc->nchpwq", x).reshape(len(x), self.out, side, side)


def check(path):
    """How far this DiT is from the published one, as a share of the tolerance of the file."""
    import h5py

    with h5py.File(path) as file:
        config = json.loads(file.attrs["config"])
        names = {"in_channels": "channels", "input_size": "side", "patch_size": "patch", "hidden_size": "width",
                 "num_heads": "heads", "mlp_ratio": "ratio", "num_classes": "classes", "depth": "depth"}
        sizes = {ours: config[theirs] for theirs, ours in names.items()}
        net = Dit(**sizes, out=sizes["channels"] * (2 if config["learn_sigma"] else 1))
        net.load_state_dict({name: torch.from_numpy(file["weights/" + name][()]) for name in file["weights"]})
        x, t, y = (torch.from_numpy(file["inputs/" + name][()]) for name in "xty")
        exact = torch.from_numpy(file["reference64/output"][()])
        with torch.no_grad():
            out = net(t, x, y)[:, : exact.shape[1]]
        share = float((out - exact).abs().max()) / float(file["outputs/output"].attrs["tolerance_abs"])
        print(f"{path}: {share:.3f} of the tolerance")
        assert share <= 1


def torchcfm_unet(dim, blocks, fused):
    from torchcfm.models.unet import unet

    net = unet.UNetModelWrapper(dim=dim, num_channels=64, num_res_blocks=blocks, num_classes=CLASSES, class_cond=True)
    if fused:

        class Fused(unet.QKVAttentionLegacy):
            def forward(self, qkv):
                n, width, length = qkv.shape
                # Contiguous tokens, or the fused kernel would not take them.
                q, k, v = qkv.reshape(n, self.n_heads, -1, length).transpose(2, 3).contiguous().chunk(3, -1)
                assert torch._fused_sdp_choice(q, k, v) == 1
                return F.scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(n, -1, length)

        for module in net.modules():
            if isinstance(module, unet.AttentionBlock):
                module.attention = Fused(module.num_heads)
    return net


class Student:
    def __init__(self, net, shape, batch):
        with torch.no_grad():
            for weight in net.parameters():
                weight.add_(0.01 * torch.randn_like(weight))
        self.net, self.average, self.batch = net, copy.deepcopy(net).requires_grad_(False), batch
        self.optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0)
        self.x, self.y = torch.rand(batch, *shape) * 2 - 1, torch.arange(batch) % CLASSES

    def train(self, bf16):
        x0, t = torch.randn_like(self.x), torch.rand(self.batch)
        at = t[:, None, None, None]
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            v = self.net(t, (1 - at) * x0 + at * self.x, self.y)
            loss = (v - (self.x - x0)).pow(2).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        with torch.no_grad():
            for slow, weight in zip(self.average.parameters(), self.net.parameters()):
                slow.mul_(0.9999).add_(weight, alpha=1 - 0.9999)
        return self.batch

    @torch.no_grad()
    def sample(self, bf16):
        x = torch.randn_like(self.x)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            for k in range(STEPS):
                x = x + self.net(torch.full((self.batch,), k / STEPS), x, self.y) / STEPS
        return self.batch


SHAPES = {"dit": (3, 32, 32), "unet28": (1, 28, 28), "unet32": (3, 32, 32)}


def make(name, fused):
    if name == "dit":
        return Dit(channels=3, side=32, patch=4, width=384, depth=12, heads=6)
    return torchcfm_unet(SHAPES[name], 1 if name == "unet28" else 2, fused)


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    batch, students, work = int(sys.argv[2]), {}, {}

    def run(name, fused, task, bf16):
        if (name, fused) not in students:  # only those that are asked for take memory
            students[name, fused] = Student(make(name, fused), SHAPES[name], batch)
        return getattr(students[name, fused], task)(bf16)

    for name in SHAPES:
        for task in ("train", "sample"):
            for fused in (False, True):
                for bf16 in (False, True):
                    way = f"{name}-{task}{'-fused' if fused else ''}{'-bf16' if bf16 else ''}"
                    work[way] = lambda of=(name, fused, task, bf16): run(*of)
    serve(work)


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        for file in sys.argv[2:]:
            check(file)
    else:
        main()
