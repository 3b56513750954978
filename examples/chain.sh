#!/bin/sh
# The chain in seven commands: sh examples/chain.sh [folder]   (the tools on PATH, or in build/)
set -e
PATH="$PATH:$(dirname "$0")/../build" out=${1:-chain} exp="$(dirname "$0")/../data/experiments/digits.json"
mkdir -p "$out"
couplet-convert     "$(dirname "$0")/../data/digits.csv.gz" -c "$exp" -o "$out/data.h5"

nf-train            "$out/data.h5"                          -c "$exp" -o "$out/teacher.h5"
nf-encode-couplings "$out/teacher.h5"                       -c "$exp" -o "$out/couplings.h5"
fm-train-student    "$out/couplings.h5"                     -c "$exp" -o "$out/student.h5"
ttfm-distill        "$out/student.h5" "$out/couplings.h5"   -c "$exp" -o "$out/map.h5"
sample              "$out/map.h5" --rows 0-1999 -s steps=2  -c "$exp" -o "$out/samples.h5"
eval-fid            "$out/samples.h5" "$out/data.h5" --features "$(dirname "$0")/../data/features/digits.h5"
