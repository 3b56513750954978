#!/bin/bash
# The lines of shell in docs/cookbook.md run, in their order, with small stand-ins for the reader's files and
# a few steps.  BIN: the tools, SOURCE: the tree
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
PATH="$BIN:$PATH"; cd "$folder"
few() {  # steps, rows, blocks and codes
  sed -E 's/((train\.)?steps"?[=:] ?)[0-9]{3,}/\14/g; s/--rows 0-[0-9]+/--rows 0-99/; s/"blocks":3/"blocks":2/
          s/-o chain(-map)?.h5/-s push.steps=2 &/; s/coupling=semidiscrete-ot/& -s coupling.steps=4/
          s/(nf-encode-couplings +(own-)?teacher.h5|coupling=teacher)/& -s coupling.calibration=200/'
}
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$SOURCE/docs/cookbook.md" | grep -v '^```'; }

# Images of ten classes, a table, a TarFlow of apple/ml-tarflow's code and a U-Net with torchcfm's names.
couplet-convert "$SOURCE/data/digits.csv.gz" -s shape=[1,8,8] -s range=16 -q -o digits.h5
couplet-convert digits.h5 -q -o all
zcat "$SOURCE/data/digits.csv.gz" | awk -F, 'NR % 5 == 0 {printf "all/%06d.png pictures/%d\n", NR - 1, $NF}' | while read -r image class; do
  mkdir -p "$class"; ln "$image" "$class/"
done
awk 'BEGIN {srand(1); print "width,height,weight"; for (i = 0; i < 400; ++i) {w = 10 + 3 * rand(); h = w * (1 + rand()); print w "," h "," w * w * h / 50 + 10 * rand()}}' > table.csv
cp "$SOURCE/tests/reference/networks/trained/tarflow-digits.pth" tarflow.pth
fm-train-student digits.h5 -q -s coupling=independent -s net=unet -s net.channels=32 -s train.steps=2 -s train.batch=4 -o unet.h5
couplet-convert unet.h5 -q -o unet.safetensors

block json | few > mine.json
block sh | few > lines.sh
bash -eu lines.sh > out.txt 2> err.txt || { tail -n 5 err.txt; exit 1; }
echo "$(grep -cv '^$' lines.sh) lines ran"
