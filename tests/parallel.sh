#!/bin/bash
# Many processes: what 2 make is what 1 makes; one lost, or an error in one, ends all in seconds; stopped together,
# they go on together.  BIN: the tools, SOURCE: the tree. Skipped (77) without mpirun, or where MPI was left out.
set -u
command -v mpirun > /dev/null || { echo 'there is no mpirun here'; exit 77; }
"$BIN/nf-train" --version | grep -q 'MPI ON' || { echo 'built without MPI'; exit 77; }
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
PATH="$BIN:$PATH"; cd "$folder"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
many() { local n=$1; shift; mpirun -q -n "$n" "$@"; }
fail() { echo "FAILED: $*"; tail -n 5 stderr.txt 2> /dev/null; exit 1; }
same() { couplet-info --diff "$1" "$2" > difference.txt || { cat difference.txt; fail "$1 and $2 differ"; }; }

# The messages between processes.
many 3 "$BIN/tests/unit-tests" '[.mpi]' > stdout.txt 2>&1 || { cat stdout.txt; fail "unit tests by 3 processes"; }

# Training: 2 processes of one thread give the weights of 1 process of two, bit for bit.
train='-q -s train.steps=60 -s train.batch=64'
flow='-s flow.patch=4 -s flow.channels=16 -s flow.head=16 -s flow.blocks=2 -s flow.layers=1 -s flow.nvp=true'
net='-s net.type=mlp -s net.hidden=32 -s net.depth=1'
couplet-convert "$SOURCE/data/digits.csv.gz" -s shape=[1,8,8] -s range=16 -s test=0.2 -q -o data.h5
couplet-convert law:two-moons -s rows=2000 -q -o moons.h5
weights() {  # A B: all datasets equal; the facts of nf-train are of a validation, whose sums are its own
  local status=0; couplet-info --json --diff "$1" "$2" > difference.txt || status=$?
  case $status in 0|3) ! grep -q datasets difference.txt && return ;; esac
  cat difference.txt; fail "$1 and $2 have other weights"
}
nf-train data.h5 $train $flow --threads 2 -o teacher.h5
many 2 nf-train data.h5 $train $flow --threads 1 -o teacher2.h5 2> stderr.txt || fail nf-train
weights teacher.h5 teacher2.h5
nf-encode-couplings teacher.h5 -q --threads 1 -s draws=4 -s batch=64 -o couplings.h5
fm-train-student couplings.h5 $train $net --threads 2 -o student.h5
many 2 fm-train-student couplings.h5 $train $net --threads 1 -o student2.h5 2> stderr.txt || fail fm-train-student
same student.h5 student2.h5
ttfm-distill student.h5 couplings.h5 $train --threads 2 -o map.h5
many 2 ttfm-distill student.h5 couplings.h5 $train --threads 1 -o map2.h5 2> stderr.txt || fail ttfm-distill
same map.h5 map2.h5
# A chain pushes its data; drawn afresh, pairs are matched in groups; 3 processes have uneven slices.
chain="$train $net -s push.steps=20 -s warm=false -s coupling=[{\"type\":\"ou-step\",\"gamma\":0.2},\"independent\"]"
fm-train-student moons.h5 $chain --threads 2 -o chain.h5
many 2 fm-train-student moons.h5 $chain --threads 1 -o chain2.h5 2> stderr.txt || fail 'fm-train-student, a chain'
weights chain.h5 chain2.h5
fresh="$train $net -s train.batch=50 -s coupling.type=minibatch-ot -s coupling.n=100"
fm-train-student moons.h5 $fresh --threads 3 -o fresh.h5
many 3 fm-train-student moons.h5 $fresh --threads 1 -o fresh3.h5 2> stderr.txt || fail 'fm-train-student, drawn afresh'
couplet-info --json --diff fresh.h5 fresh3.h5 > difference.txt; status=$?  # shares of threads hold 16 rows at least
[ $status = 0 ] || [ $status = 3 ] || fail 'uneven slices: no comparison'
grep -oE '"max_abs": *[0-9.e+-]+' difference.txt | awk -F: '$2 > 1e-5 {exit 1}' || fail 'uneven slices: other weights'

# Rows: the same file by content.
rows() {  # NAME COMMAND…: by 1 and by 2 processes
  local name=$1; shift
  "$@" -q --threads 1 -o "$name.h5" 2> stderr.txt || fail "$*"
  many 2 "$@" -q --threads 1 -o "${name}2.h5" 2> stderr.txt || fail "2 processes: $*"
  same "$name.h5" "${name}2.h5"
}
rows encoded nf-encode-couplings teacher.h5 -s draws=4 -s batch=64
rows matched nf-encode-couplings moons.h5 -s coupling=minibatch-ot -s coupling.n=300 -s draws=2
rows entropic nf-encode-couplings moons.h5 -s coupling=sinkhorn -s coupling.n=300 --shard 1/3
rows climbed nf-encode-couplings moons.h5 -s coupling=semidiscrete-ot -s coupling.steps=200
rows pushed nf-encode-couplings chain.h5 --data moons.h5 -s coupling=pushed -s coupling.steps=20
for i in 0 1 2; do
  many 2 nf-encode-couplings teacher.h5 -q --threads 1 -s draws=4 -s batch=64 --shard $i/3 -o shard$i.h5 2> stderr.txt || fail shards
done
couplet-convert merge shard2.h5 shard0.h5 shard1.h5 -q -o merged.h5 && same encoded.h5 merged.h5
rows decoded sample teacher.h5 --rows 0-299 -s batch=16
rows swept sample teacher.h5 --rows 0-99 -s batch=16 --decode jacobi
rows integrated sample student.h5 --rows 3-302 -s batch=64 -s solver=dopri5 -s guidance=1
rows jumped sample map.h5 --rows 0-999 -s batch=64

# Measures: the same numbers, all digits.
measures() {
  "$@" -q --threads 1 > one.json 2> stderr.txt || fail "$*"
  many 2 "$@" -q --threads 1 > two.json 2> stderr.txt || fail "2 processes: $*"
  cmp -s one.json two.json || { cat one.json two.json; fail "2 processes measure otherwise: $*"; }
}
measures eval-fid jumped.h5 data.h5 --features "$SOURCE/data/features/digits.h5" -s batch=100 -s metrics=all
measures eval-fid student.h5 data.h5 -s nll.rows=100 -s nll.batch=16 -s nll.steps=2
rows reference eval-fid data.h5 --features "$SOURCE/data/features/digits.h5" -s batch=100

# Errors are said once; what one process meets alone, it says itself; no tool hangs.
refused() {  # STATUS WORDS COMMAND…
  local want=$1 words=$2 status=0; shift 2
  timeout 20 mpirun -q -n 2 "$@" 2> stderr.txt || status=$?
  [ "$status" = "$want" ] || fail "status $status instead of $want: $*"
  [ "$(grep -c "$words" stderr.txt)" = 1 ] || { cat stderr.txt; fail "does not say '$words' once: $*"; }
}
refused 2 "unknown option 'train.stps'" nf-train data.h5 -o out.h5 -s train.stps=1
refused 2 'teacher.h5: exists already' nf-train data.h5 -o teacher.h5
refused 1 'absent.h5' nf-train absent.h5 -o out.h5
refused 2 'too few for 2 processes' fm-train-student couplings.h5 $net -s train.batch=1 -o out.h5
refused 2 'works in one process' couplet-info data.h5
refused 1 '(process 1 of 2)' sh -c '[ $OMPI_COMM_WORLD_RANK = 0 ] || cd /; exec nf-train '"$folder"'/data.h5 -q -o out.h5'
refused 2 'need one command' sh -c 'exec nf-train data.h5 -q -o out$OMPI_COMM_WORLD_RANK.h5'
[ ! -e out.h5 ] || fail 'an error left out.h5'

# Stops: all stop together, and go on to the same content; also with another number of processes.
long="-q --threads 1 -s train.steps=4000 -s train.batch=64 -s train.save_minutes=0.005"
command="fm-train-student couplings.h5 $long $net -o long.h5"
many 2 fm-train-student couplings.h5 $long $net -o whole.h5 2> stderr.txt || fail 'a long training'
steps() { couplet-info --json long.h5.partial/state.h5 | grep -o '"step": *[0-9]*' | grep -o '[0-9]*$'; }
begun() { for _ in $(seq 100); do [ -e long.h5.partial/state.h5 ] && return; sleep 0.1; done; fail 'no state after 10 s'; }

many 2 $command --max-seconds 0.5 2> stderr.txt; [ $? = 75 ] || fail '--max-seconds'
[ "$(grep -c 'all is saved' stderr.txt)" = 1 ] || fail 'says not once that all is saved'
mpirun -q -n 2 $command 2> stderr.txt & pid=$!
sleep 1; timeout 20 $command 2> stderr2.txt; [ $? = 1 ] && grep -q 'another run is writing it' stderr2.txt || fail 'two runs on one output'
kill -USR1 $pid; wait $pid; [ $? = 75 ] || fail 'USR1 to mpirun'
first=$(steps); [ "$first" -gt 0 ] || fail 'no steps'

# A process lost: the job ends in seconds, and the last state stands.
mpirun -q -n 2 $command 2> stderr.txt & pid=$!
sleep 1.5; begun; start=$SECONDS
kill -9 "$(pgrep -P $pid -f 'fm-train-student' | tail -1)"; wait $pid; status=$?
[ $status != 0 ] && [ $((SECONDS - start)) -le 10 ] || fail "a lost process: status $status after $((SECONDS - start)) s"
couplet-info --check long.h5.partial/state.h5 > /dev/null || fail 'a damaged state'
[ "$(steps)" -ge "$first" ] || fail 'the state went back'
# TERM gives all processes a second; mpirun itself then ends with 1.
mpirun -q -n 2 $command 2> stderr.txt & pid=$!
sleep 1; kill -TERM $pid; wait $pid
couplet-info --check long.h5.partial/state.h5 > /dev/null || fail 'a damaged state after TERM'
many 2 $command 2> stderr.txt || fail 'the last part'
same whole.h5 long.h5
echo 'many processes: the same files, the same numbers, and one end'
