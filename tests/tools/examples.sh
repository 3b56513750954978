#!/bin/bash
# The worked example in every tool's --help runs, one after the other: they are a chain. Training is cut
# to a few steps.  BIN: the tools, SOURCE: the tree
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
PATH="$BIN:$PATH"; cd "$folder"
mkdir -p data/experiments
ln -s "$SOURCE"/data/features "$SOURCE"/data/digits.csv.gz data/
for file in "$SOURCE"/data/experiments/*.json; do
  sed -E 's/"(steps|validate_every)": [0-9]+/"\1": 4/g' "$file" > "data/experiments/$(basename "$file")"
done
tools=(couplet-convert nf-train nf-encode-couplings fm-train-student ttfm-distill sample \
       eval-fid eval-train-features couplet-info couplet-report)
[ "$(printf '%s.cpp\n' "${tools[@]}" | sort)" = "$(ls "$SOURCE/tools" | sort)" ] || { echo 'a tool is not tried'; exit 1; }
for tool in "${tools[@]}"; do
  example=$("$tool" --help | sed -n '/^Example:/,$p' | tail -n +2)
  [ -n "$example" ] || { echo "$tool: no example"; exit 1; }
  [ "$tool" != eval-train-features ] || example="$example -s train.steps=4"
  [ "$tool" != couplet-report ] || eval-fid samples.h5 digits.h5 -q > fid.json
  eval "$example -q --threads 1" > out.txt 2> err.txt || { echo "fails: $example"; cat err.txt; exit 1; }
done
echo 'all examples run'
