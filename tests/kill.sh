#!/bin/bash
# kill -9 at random moments over the chain: never a damaged output, and the same command goes on to the same content.
#   kill.sh [KILLS]   BIN: the tools, SOURCE: the tree
set -eu
kills=${1:-20} folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
PATH="$BIN:$PATH"; cd "$folder"
common="-q --threads 1"
train="-s train.steps=600 -s train.batch=32 -s train.save_minutes=0.002"
commands=(
  "couplet-convert $SOURCE/data/digits.csv.gz -s shape=[1,8,8] -s range=16 -s test=0.2 $common -o data.h5"
  "nf-train data.h5 $common $train -s flow.patch=4 -s flow.channels=16 -s flow.head=16 -s flow.blocks=2 -s flow.layers=1 -o teacher.h5"
  "nf-encode-couplings teacher.h5 $common -s draws=16 -s batch=16 -o couplings.h5"
  "fm-train-student couplings.h5 $common $train -s net.type=mlp -s net.hidden=32 -s net.depth=1 -o student.h5"
  "fm-train-student data.h5 $common $train -s net.type=mlp -s net.hidden=32 -s net.depth=1 -s coupling=[{\"type\":\"ou-step\",\"gamma\":0.2,\"blocks\":2},\"independent\"] -s warm=false -s push.steps=20 -o chain.h5"
  "fm-train-student data.h5 $common $train -s net.type=mlp -s net.hidden=32 -s net.depth=1 -s coupling=[{\"type\":\"ou-step\",\"gamma\":0.2},\"independent\"] --blocks 1 -o block1.h5"
  "nf-encode-couplings block1.h5 $common -s coupling=pushed -s coupling.steps=100 -s batch=16 -o pool1.h5"
  "ttfm-distill student.h5 couplings.h5 $common $train -o map.h5"
  "sample map.h5 --rows 0-4999 -s batch=16 $common -o samples.h5")
RANDOM=${SEED:-7} done=0
while [ "$done" -lt "$kills" ]; do
  rm -rf ./*.h5 ./*.partial
  for command in "${commands[@]}"; do
    while true; do
      $command 2> stderr.txt & pid=$!
      if [ "$done" -lt "$kills" ]; then
        sleep 0.$((RANDOM % 8 + 2))
        kill -9 $pid 2> /dev/null && done=$((done + 1))
      fi
      status=0; wait $pid 2> /dev/null || status=$?
      for file in *.h5; do
        [ -e "$file" ] && { couplet-info --check "$file" > /dev/null || { echo "$file is damaged after: $command"; exit 1; }; }
      done
      # Done, perhaps in the moment of the kill.
      [ "$status" = 0 ] || [ -e "${command##* }" ] && break
      [ "$status" = 137 ] || { echo "status $status: $command"; cat stderr.txt; exit 1; }
    done
  done
done
mkdir whole; cd whole
for command in "${commands[@]}"; do $command; done
for file in *.h5; do
  couplet-info --diff "$file" "../$file" > /dev/null || { echo "$file differs from that of a run without kills"; exit 1; }
done
echo "$done kills, every file whole and the same"
