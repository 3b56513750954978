#!/bin/bash
# --dry-run says what a run will take, and leaves everything as it was.  BIN: the tools, SOURCE: the tree.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"; . "$SOURCE/tests/tools/fixture.sh"
long='-q --threads 1 -s train.steps=1000000 -s train.batch=16'
state() { find . -type f ! -name '*.txt' ! -name '*.json' -exec sha256sum {} + | sort; }
number() { grep -oE "\"$1\": [0-9.e+]+" found.json | grep -oE '[0-9.e+]+$'; }

# An interrupted run beside it goes on as if nothing had been.
status=0; nf-train data.h5 $long $small_flow --max-seconds 1 -o out.h5 || status=$?
[ "$status" = 75 ]
state > before.txt
dry() {  # the keys that it must tell; the command
  local keys=$1 key; shift
  "$@" --dry-run --max-seconds 0.3 -o out.h5 > found.json 2> stderr.txt || { cat stderr.txt; echo "failed: $*"; exit 1; }
  for key in finished memory_bytes free_bytes $keys; do
    grep -q "\"$key\": " found.json || { cat found.json; echo "does not tell $key: $*"; exit 1; }
  done
  state > after.txt
  cmp -s before.txt after.txt && [ ! -e out.h5.dry-run ] || { diff before.txt after.txt; echo "left something: $*"; exit 1; }
}
run='turns seconds seconds_a_turn operations operations_a_turn output_bytes'
dry "$run parameters state_bytes" nf-train data.h5 $long $small_flow
dry "$run parameters state_bytes" fm-train-student couplings.h5 $long $small_net
parameters=$(number parameters) operations=$(number operations_a_turn)
[ "$parameters" = "$(couplet-info --json student.h5 | grep -oE '"parameters": *[0-9]+' | head -1 | grep -oE '[0-9]+$')" ]
# Three products for each weight, one fewer where nothing lies before it; a weight's product with each of 16 rows.
awk -v p="$parameters" -v o="$operations" 'BEGIN { all = 6 * 16 * p; exit !(o > 0.4 * all && o < 1.1 * all) }' ||
  { echo "$operations operations a step of $parameters parameters"; exit 1; }
dry "$run parameters state_bytes" fm-train-student moons.h5 $long $small_net -s push.steps=2 -s loss.label_drop=0 $schedule
dry "$run parameters state_bytes" ttfm-distill student.h5 couplings.h5 $long
dry "$run" nf-encode-couplings teacher.h5 -q --threads 1 -s draws=5000 -s batch=64
dry "$run" sample student.h5 --rows 0-999999 -q --threads 1 -s batch=16
[ "$(number turns)" = 1000000 ]
dry 'output_bytes' couplet-convert law:two-moons -s rows=20000 -q
dry 'output_bytes' sample map.h5 --rows 0-19 -q --threads 1
grep -q '"finished": true' found.json
eval-fid samples.h5 data.h5 --dry-run -q > found.json
grep -q '"finished": true' found.json
[ "$(grep -c '"fd' found.json)" = 0 ]  # its results stay unsaid

# One that was killed is in nobody's way.
mkdir out.h5.dry-run; touch out.h5.dry-run/left
dry "$run" sample student.h5 --rows 0-999999 -q --threads 1 -s batch=16

# What a run would be refused for, its rehearsal is.
status=0; nf-train data.h5 $long -s flow.patch=3 --dry-run -o out.h5 2> stderr.txt || status=$?
[ "$status" = 2 ]
[ ! -e out.h5.dry-run ]
status=0; couplet-info --dry-run data.h5 2> stderr.txt || status=$?
[ "$status" = 2 ]
echo 'rehearsals: told, and nothing left'
