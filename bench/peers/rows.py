"""256 random rows at a time out of an HDF5 file, as a PyTorch dataset over h5py does it.
Usage: rows.py FILE           serve the workload "rows"
       rows.py --make FILE [CHUNK]   write 10,000 rows of 3x32x32 float32, contiguous or in chunks"""
import sys

import h5py
import numpy
from serve import serve


def make(path, *chunk):
    x0 = numpy.random.default_rng(0).standard_normal((10000, 3, 32, 32), dtype=numpy.float32)
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("x0", data=x0, chunks=(int(chunk[0]), 3, 32, 32) if chunk else None)


def main(path):
    x0 = h5py.File(path, "r")["x0"]
    random = numpy.random.default_rng(1)

    def rows():
        return len(x0[numpy.sort(random.choice(len(x0), 256, replace=False))])

    serve({"rows": rows})


make(*sys.argv[2:]) if sys.argv[1] == "--make" else main(sys.argv[1])
