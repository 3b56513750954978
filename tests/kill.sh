#!/bin/bash
# kill -9 and TERM at random moments over the chain, run by 1 and, where mpirun is, by 2 processes: never a damaged
# output, and the same command goes on to the same content.
#   kill.sh [KILLS]   BIN: the tools, SOURCE: the tree
set -eu
kills=${1:-20} folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
PATH="$BIN:$PATH"; cd "$folder"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
launchers=('')
if command -v mpirun > /dev/null && nf-train --version | grep -q 'MPI ON'; then launchers=('' 'mpirun -q -n 2'); fi
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
  "sample map.h5 --rows 0-4999 -s batch=16 $common -o samples.h5"
  "eval-fid samples.h5 data.h5 $common -s batch=20 -o statistics.h5")

# What a run may end with: by itself 0, 75; killed 137, 143; mpirun that was ended by TERM says 1; and who comes
# before the last process of a killed run has gone is refused.
acceptable() {  # STATUS RUN
  case $1 in
    75|137|143) return 0 ;;
    1) grep -q 'keeps nothing' stderr.txt || [ "${2#mpirun}" != "$2" ] && { [ ! -s stderr.txt ] || grep -qE 'all is saved|another run is writing|keeps nothing' stderr.txt; } ;;
    *) return 1 ;;
  esac
}
RANDOM=${SEED:-7}
survive() {  # KILLS LAUNCHER: in the current folder
  local kills=$1 launcher=$2 done=0 command
  while [ "$done" -lt "$kills" ]; do
    rm -rf ./*
    for command in "${commands[@]}"; do
      case $command in couplet-convert*) run=$command ;; *) run="$launcher $command" ;; esac
      while true; do
        $run > stdout.txt 2> stderr.txt & pid=$!
        if [ "$done" -lt "$kills" ]; then
          sleep 0.$((RANDOM % 8 + 2))
          [ -z "$launcher" ] || sleep 0.$((RANDOM % 7))
          victim=$pid signal=-9
          [ $((RANDOM % 2)) = 0 ] || signal=-TERM
          # Of two processes one alone is lost, or their launcher, or that is asked to end.
          if [ "$run" != "$command" ] && [ $signal = -9 ] && [ $((RANDOM % 3)) != 0 ]; then
            victim=$(pgrep -P $pid | sed -n "$((RANDOM % 2 + 1))p")
          fi
          if kill $signal ${victim:-$pid} 2> /dev/null; then done=$((done + 1)); fi
        fi
        status=0; wait $pid 2> /dev/null || status=$?
        for file in *.h5; do
          [ -e "$file" ] && { couplet-info --check "$file" > /dev/null || { echo "$file is damaged after: $run"; exit 1; }; }
        done
        # Done, perhaps in the moment of the kill.
        [ "$status" = 0 ] || [ -e "${command##* }" ] && break
        acceptable "$status" "$run" || { echo "status $status: $run"; cat stderr.txt; exit 1; }
        [ "$status" != 1 ] || sleep 0.3
      done
    done
  done
  mkdir whole; cd whole
  for command in "${commands[@]}"; do
    case $command in couplet-convert*) run=$command ;; *) run="$launcher $command" ;; esac
    $run > stdout.txt
  done
  for file in *.h5; do
    couplet-info --diff "$file" "../$file" > difference.txt || { echo "$file differs from that of a run without kills"; cat difference.txt; exit 1; }
  done
  cd ..
  echo "$done kills of ${launcher:-one process}, every file whole and the same"
}
for launcher in "${launchers[@]}"; do survive $((kills / ${#launchers[@]})) "$launcher"; done
