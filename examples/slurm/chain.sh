#!/bin/bash
# The chain as jobs that wait for each other: chain.sh DATA.h5 EXPERIMENT.json FOLDER [options of sbatch]
#   examples/slurm/chain.sh digits.h5 data/experiments/digits.json digits -n 4 --gpus-per-task=1
# Again after a failure: what is there is not made anew.
# A job that is stopped and requeued keeps its number, so that those behind it wait on.
set -eu
here=$(dirname "$0") data=$1 experiment=$2 folder=$3
shift 3
mkdir -p "$folder"
after=
job() {  # OUTPUT COMMAND…
  local output=$folder/$1; shift
  [ ! -e "$output" ] || { echo "$output is there"; return; }
  after=$(sbatch --parsable ${after:+--dependency=afterok:$after --kill-on-invalid-dep=yes} -o "$output.out" \
    "${options[@]}" "$here/run.sbatch" "$@" -c "$experiment" -o "$output")
  echo "job $after: $output"
}
options=("$@")
job teacher.h5 nf-train "$data"
job couplings.h5 nf-encode-couplings "$folder/teacher.h5"
job student.h5 fm-train-student "$folder/couplings.h5"
job map.h5 ttfm-distill "$folder/student.h5" "$folder/couplings.h5"
job samples.h5 sample "$folder/map.h5" --rows 0-9999
