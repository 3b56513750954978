"""Writes unet-film.h5 and unet-plain.h5: torchcfm's U-Net with the options that the other files leave at
their defaults. Random weights rounded to 5 significant binary digits, so that the files stay small; the
layout is that of all files here. Usage: unet_options.py FOLDER, with torchcfm 1.0.7, torch and h5py."""
import json
import sys

import h5py
import torch
from torchcfm.models.unet import unet

COMMON = {
    "arch": "unet", "num_classes": 10, "learn_sigma": False, "dropout": 0, "num_channels": 32, "num_res_blocks": 1,
    "channel_mult": [1, 1], "num_heads_upsample": -1,
}
FILES = {
    "unet-film": COMMON | {
        "dim": [2, 8, 8], "class_cond": True, "attention_resolutions": "4", "num_heads": 2, "num_head_channels": -1,
        "num_heads_upsample": 4, "use_scale_shift_norm": True, "resblock_updown": True, "use_new_attention_order": True,
        "conv_resample": True,
    },
    "unet-plain": COMMON | {
        "dim": [1, 8, 12], "class_cond": False, "attention_resolutions": "12", "num_heads": 1, "num_head_channels": 16,
        "use_scale_shift_norm": False, "resblock_updown": False, "use_new_attention_order": False, "conv_resample": False,
    },
}


def build(config):
    """The wrapper leaves conv_resample out, so this is what it does with the rest."""
    same = ["num_res_blocks", "dropout", "num_heads", "num_head_channels", "num_heads_upsample", "channel_mult",
            "use_scale_shift_norm", "resblock_updown", "use_new_attention_order", "conv_resample"]
    size = config["dim"][-1]
    return unet.UNetModel(
        image_size=size, in_channels=config["dim"][0], out_channels=config["dim"][0], model_channels=config["num_channels"],
        attention_resolutions=[size // int(r) for r in config["attention_resolutions"].split(",")],
        num_classes=config["num_classes"] if config["class_cond"] else None, **{key: config[key] for key in same},
    )


def rounded(w):
    mantissa, exponent = torch.frexp(w)
    return torch.ldexp((mantissa * 32).round() / 32, exponent)


def embedding64(t, dim):
    f = 10000 ** (-torch.arange(dim // 2, dtype=torch.float64) / (dim // 2))
    return torch.cat([torch.cos(t[:, None] * f), torch.sin(t[:, None] * f)], 1)


def run(net, config, given, dtype):
    """The outputs; in double without torchcfm's casts to float."""
    floats, embedding = torch.Tensor.float, unet.timestep_embedding
    if dtype == torch.float64:
        torch.Tensor.float, unet.timestep_embedding = lambda self: self, embedding64
    net = net.to(dtype)
    net.dtype = dtype
    x, t, target = (given[name].to(dtype, copy=True) for name in ("x", "t", "target"))
    x.requires_grad_()
    y = given["y"] if config["class_cond"] else None
    out = net(t, x, y)
    loss = (out - target).square().mean()
    names, weights = zip(*net.named_parameters())
    gradients = dict(zip(names, torch.autograd.grad(loss, weights, retain_graph=True)))
    results = {
        "output": out, "loss": loss, "output_t_scalar": net(given["t_scalar"].to(dtype), x, y),
        "timestep_embedding": unet.timestep_embedding(t, config["num_channels"]),
        "gradient_norms": torch.stack([gradients[name].norm() for name in names]),
        "gradient/x": torch.autograd.grad(loss, x)[0],
    }
    chosen = ["input_blocks.0.0.weight", "middle_block.1.qkv.bias", "out.2.weight", "time_embed.0.weight"]
    chosen += [name for name in names if "emb_layers.1.bias" in name or name == "label_emb.weight"]
    results |= {"gradient/" + name: gradients[name] for name in chosen}
    torch.Tensor.float, unet.timestep_embedding = floats, embedding
    return {name: value.detach().clone() for name, value in results.items()}, names


def main():
    for seed, (name, config) in enumerate(FILES.items()):
        torch.manual_seed(seed)
        net = build(config)
        with torch.no_grad():
            for key, w in net.named_parameters():
                scale = 0.1 if w.dim() == 1 else (2 / w[0].numel()) ** 0.5
                w.copy_(rounded((w.dim() == 1 and ".weight" in key) + scale * torch.randn_like(w)))
        n, shape = 3, config["dim"]
        given = {
            "x": torch.randn(n, *shape), "t": torch.tensor([0.0, 0.37, 1.0]), "t_scalar": torch.tensor(0.6),
            "target": torch.randn(n, *shape), "y": torch.tensor([3, 0, 9]),
        }
        weights = {key: w.clone() for key, w in net.state_dict().items()}
        single, names = run(net, config, given, torch.float32)
        double, _ = run(net, config, given, torch.float64)
        with h5py.File(f"{sys.argv[1]}/{name}.h5", "w", libver="v110") as file:
            file.attrs["config"] = json.dumps(config)
            file.attrs["reference"] = f"torchcfm 1.0.7, PyTorch {torch.__version__}"
            file.attrs["seed"] = seed
            packed = {"compression": "gzip", "shuffle": True}
            for key, w in weights.items():
                file.create_dataset("weights/" + key, data=w.numpy(), **packed)
            for key, value in given.items():
                file["inputs/" + key] = value.numpy()
            for key, exact in double.items():
                error = float((single[key].double() - exact).abs().max())
                largest = float(exact.abs().max())
                file["outputs/" + key] = single[key].numpy()
                file["reference64/" + key] = exact.numpy()
                told = file["outputs/" + key].attrs
                told["float32_error"], told["max_abs"] = error, largest
                told["tolerance_abs"] = max(10 * error, 1e-6 * largest)
            file["outputs/gradient_norms"].attrs["names"] = json.dumps(names)


main()
