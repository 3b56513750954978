#!/bin/bash
# The chain, small: twice, the second time with every tool stopped by TERM and taken up again by the same
# command. Both give the same content hashes.  BIN: the tools, SOURCE: the tree.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
PATH="$BIN:$PATH"
common="-q --threads 1"
train="-s train.steps=300 -s train.batch=64 -s train.log_every=10"

lfm='-s coupling=[{"type":"ou-step","gamma":0.2,"blocks":2},"independent"] -s warm=false -s net.type=mlp -s net.hidden=32 -s net.depth=1 -s push.steps=100'

# once NAME…: the whole chain in its own folder; `go` runs one tool.
chain() {
  mkdir -p "$folder/$1"; cd "$folder/$1"
  go couplet-convert "$SOURCE/data/digits.csv.gz" -s shape=[1,8,8] -s range=16 -s test=0.2 $common -o data.h5
  go nf-train data.h5 $common $train -s flow.patch=4 -s flow.channels=32 -s flow.head=16 -s flow.blocks=2 -s flow.layers=1 -o teacher.h5
  go nf-encode-couplings teacher.h5 $common -s draws=16 -s batch=16 -o couplings.h5
  for i in 0 1; do
    go nf-encode-couplings teacher.h5 $common -s draws=16 -s batch=16 --shard $i/2 -o shard$i.h5
  done
  go couplet-convert merge shard1.h5 shard0.h5 -q -o merged.h5
  go nf-encode-couplings data.h5 $common -s coupling=semidiscrete-ot -s draws=4 -s storage=bf16 -o transport.h5
  go nf-encode-couplings transport.h5 $common -s coupling=semidiscrete-ot --seed 7 -o more.h5
  go fm-train-student couplings.h5 $common $train -s net.type=mlp -s net.hidden=64 -s net.depth=1 -o student.h5
  go ttfm-distill student.h5 couplings.h5 $common $train -o map.h5
  go sample map.h5 --rows 0-9999 -s batch=16 $common -o samples.h5
  go couplet-convert law:two-moons -s rows=2000 $common -o moons.h5
  go fm-train-student moons.h5 $common $train $lfm -o lfm.h5
  go ttfm-distill lfm.h5 moons.h5 $common $train -s push.steps=10 -s distil.loss=endpoint --blocks 1 -o lfm-map.h5
  go fm-train-student moons.h5 $common $train $lfm --blocks 1 -o block1.h5
  go fm-train-student moons.h5 $common $train $lfm --from block1.h5 -o blocks.h5
  go nf-encode-couplings block1.h5 $common -s coupling=pushed -s coupling.steps=60 -s batch=16 -o pool1.h5
  go fm-train-student pool1.h5 $common $train $lfm --from block1.h5 --blocks 1 -o block2.h5
  go nf-encode-couplings block2.h5 $common -s coupling=pushed -s coupling.steps=60 -s batch=16 --data pool1.h5 -o pool2.h5
  eval-fid samples.h5 data.h5 --features "$SOURCE/data/features/digits.h5" -q > metrics.json
}

go() { "$@"; }
chain whole

stops=0
go() {  # TERM soon after the start, until the tool is done before it comes
  local status wait=0.4
  while true; do
    status=0
    timeout --preserve-status -s TERM $wait "$@" 2> stderr.txt || status=$?
    case $status in
      0) return ;;
      75) stops=$((stops + 1)) ;;
      143) ;;  # it came before the tool listened
      *) echo "status $status: $*"; cat stderr.txt; exit 1 ;;
    esac
    wait=$(awk "BEGIN {print $wait * 1.7}")
  done
}
chain stopped

content() { couplet-info --json "$folder/$1.h5" | grep -o '"content": *"[0-9a-f]*"' | head -1; }
for file in data teacher couplings transport more student map samples lfm lfm-map block1 blocks pool1 block2 pool2; do
  a=$(content "whole/$file") b=$(content "stopped/$file")
  [ -n "$a" ] && [ "$a" = "$b" ] || { echo "$file.h5: $a, stopped and resumed $b"; exit 1; }
done
for run in whole stopped; do
  a=$(content whole/couplings) b=$(content $run/merged)
  [ "$a" = "$b" ] || { echo "couplings.h5: $a, merged from shards ($run) $b"; exit 1; }
done
couplet-info --diff "$folder/whole/lfm.h5" "$folder/whole/blocks.h5" > /dev/null ||
  { echo "three blocks by one command differ from three by two commands"; exit 1; }
[ "$stops" -ge 3 ] || { echo "only $stops tools were stopped while at work"; exit 1; }
echo "equal content after $stops stops"
