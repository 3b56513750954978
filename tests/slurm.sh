#!/bin/bash
# The batch scripts of examples/slurm on the Slurm that runs here: the same files as without, also when a job is
# stopped and requeued.  BIN: the tools, SOURCE: the tree. Skipped (77) without Slurm, PMIx or MPI.
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
train="fm-train-student data.h5 -q $net -s train.batch=64"

# A job is preempted (as at the end of its time, a signal comes): it saves, goes back into the queue, and ends with the
# same weights.
steps='-s train.steps=4000 -s train.save_minutes=0.005'
$train $steps --threads 2 -o whole.h5
job=$(sbatch --parsable -n 2 -o requeued.out -t 30 "$slurm/run.sbatch" $train $steps --threads 1 -o student.h5)
wait_for student.h5.partial/state.h5 60
scancel --signal=USR1 "$job"
wait_for student.h5 400  # Slurm lets two minutes pass before it starts a requeued job
grep -q 'all is saved' requeued.out || fail 'the job was not stopped'
same whole.h5 student.h5

# A process lost ends the job in seconds.
job=$(sbatch --parsable -n 2 -o lost.out "$slurm/run.sbatch" $train -s train.steps=4000000 -s train.save_minutes=0.005 --threads 1 -o lost.h5)
wait_for lost.h5.partial/state.h5 60
begin=$SECONDS
kill -9 "$(pgrep -f 'fm-train-student data.h5 .*-o lost.h5' | tail -1)"
while squeue -h -j "$job" 2> /dev/null | grep -q .; do [ $((SECONDS - begin)) -lt 60 ] || fail 'a process lost: the job hangs'; sleep 0.2; done
[ $((SECONDS - begin)) -le 10 ] || fail "a process lost: the job ended after $((SECONDS - begin)) s"
couplet-info --check lost.h5.partial/state.h5 > /dev/null || fail 'a damaged state'

# Shards of jobs without MPI.
nf-encode-couplings data.h5 -q --threads 1 -s coupling=minibatch-ot -s coupling.n=256 -o pairs.h5
sbatch -Q --array=0-1 -o 'shard%a.out' "$slurm/shards.sbatch" shards.h5 nf-encode-couplings data.h5 -q --threads 1 -s coupling=minibatch-ot -s coupling.n=256
wait_for shards.h5.shard0 60; wait_for shards.h5.shard1 60
couplet-convert merge shards.h5.shard*[0-9] -q -o merged.h5 && same pairs.h5 merged.h5
echo 'batch jobs: stopped, requeued and sharded, with the same files'
