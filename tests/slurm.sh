#!/bin/bash
# The batch scripts of examples/slurm on the Slurm that runs here: the same files as without, also when a job's time is
# over and it is requeued.  BIN: the tools, SOURCE: the tree. Skipped (77) without Slurm, PMIx or MPI.
set -u
sinfo > /dev/null 2>&1 || { echo 'there is no Slurm here'; exit 77; }
srun --mpi=list 2>&1 | grep -q pmix || { echo 'this Slurm has no PMIx'; exit 77; }
"$BIN/nf-train" --version | grep -q 'MPI ON' || { echo 'built without MPI'; exit 77; }
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
PATH="$BIN:$PATH"; cd "$folder"
slurm=$SOURCE/examples/slurm
fail() { echo "FAILED: $*"; tail -n 8 ./*.out 2> /dev/null; exit 1; }
same() { couplet-info --diff "$1" "$2" > difference.txt || { cat difference.txt; fail "$1 and $2 differ"; }; }
wait_for() {  # FILE SECONDS
  for _ in $(seq $((5 * $2))); do [ -e "$1" ] && return; sleep 0.2; done
  squeue; fail "no $1 after $2 s"
}

couplet-convert "$SOURCE/data/digits.csv.gz" -s shape=[1,8,8] -s range=16 -s test=0.2 -q -o data.h5
net='-s coupling=independent -s net.type=mlp -s net.hidden=32 -s net.depth=1'
train="fm-train-student data.h5 -q --threads 1 $net -s train.batch=64"

# A job's time is over before its training is: it saves, goes back into the queue, and ends with the same weights.
$train -s train.steps=6000 --threads 2 -o whole.h5
sbatch -Q -n 2 -o requeued.out --signal=USR1@58 -t 1 "$slurm/run.sbatch" $train -s train.steps=6000 -o student.h5
wait_for student.h5 180
grep -q 'all is saved' requeued.out || fail 'the job was not stopped: make it longer'
same whole.h5 student.h5

# Shards of jobs without MPI.
nf-encode-couplings data.h5 -q --threads 1 -s coupling=minibatch-ot -s coupling.n=256 -o pairs.h5
sbatch -Q --array=0-1 -o 'shard%a.out' "$slurm/shards.sbatch" shards.h5 nf-encode-couplings data.h5 -q --threads 1 -s coupling=minibatch-ot -s coupling.n=256
wait_for shards.h5.shard0 60; wait_for shards.h5.shard1 60
couplet-convert merge shards.h5.shard* -q -o merged.h5 && same pairs.h5 merged.h5
echo 'batch jobs: stopped, requeued and sharded, with the same files'
