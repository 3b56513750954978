#!/bin/bash
# A full disk, a read-only folder, an input that is lost: one line, status 1, nothing lost. Needs root for the mounts; else 77.
set -eu
[ "$(id -u)" = 0 ] || { echo 'needs root'; exit 77; }
folder=$(mktemp -d)
trap 'cd /; umount "$folder/small" "$folder/fixed" 2> /dev/null; rm -rf "$folder"' EXIT
cd "$folder"; . "$SOURCE/tests/tools/fixture.sh"
mkdir small fixed
mount -t tmpfs -o size=600k tmpfs small 2> /dev/null || { echo 'mounts are not allowed here'; exit 77; }
mount -t tmpfs -o size=600k tmpfs fixed && mount -o remount,ro fixed

expect_1() {  # what it must say; the command
  local words=$1 status=0; shift
  "$@" 2> stderr.txt || status=$?
  [ "$status" = 1 ] && [ "$(wc -l < stderr.txt)" = 1 ] && grep -q "$words" stderr.txt ||
    { echo "status $status: $*"; cat stderr.txt; exit 1; }
}
expect_1 'of room, the disk has' nf-encode-couplings teacher.h5 -q -s draws=8 -o small/out.h5
[ ! -e small/out.h5 ]
rm -rf small/*
expect_1 'full\|No space left\|of room' nf-train data.h5 -q $small_flow -s flow.channels=128 -s train.steps=2 -o small/out.h5
[ ! -e small/out.h5 ]
expect_1 'Read-only' sample map.h5 -q -o fixed/out.h5

# A limit on the size of a file, as a quota is.
limited() { (ulimit -f 20; "$@"); }
expect_1 'too large\|to its end' limited nf-train data.h5 $tiny $small_flow -o out.h5
expect_1 'too large\|to its end' limited nf-encode-couplings teacher.h5 -q -o out.h5
[ ! -e out.h5 ]
rm -rf out.h5.*

# What was saved before the disk was full stands, and the run goes on when there is room.
rm -rf small/*
long="nf-train data.h5 $tiny $small_flow -s train.steps=1000000 --max-seconds 1 -o small/out.h5"  # never at its end
steps() { couplet-info --json small/out.h5.partial/state.h5 | grep -o '"step": *[0-9]*' | grep -o '[0-9]*$'; }
status=0; $long 2> /dev/null || status=$?
[ "$status" = 75 ]
saved=$(steps)
head -c 1000000 /dev/zero > small/fill 2> /dev/null || true
expect_1 'full\|No space left\|of room' $long
[ "$(steps)" = "$saved" ]
rm small/fill
status=0; $long 2> /dev/null || status=$?
[ "$status" = 75 ]
[ "$(steps)" -gt "$saved" ]
couplet-info --check small/out.h5.partial/state.h5 > /dev/null

# An input that is cut short, or gone, while a run reads it: named, and the run goes on when it is back.
run="fm-train-student couplings.h5 $tiny $small_net -s train.steps=1000000 --max-seconds 2 -s train.save_minutes=0.002 -o out.h5"
saved() { couplet-info --json out.h5.partial/state.h5 | grep -o '"step": *[0-9]*' | grep -o '[0-9]*$'; }
cp couplings.h5 kept.h5
$run 2> stderr.txt & pid=$!
while [ ! -e out.h5.partial/state.h5 ]; do sleep 0.05; done
truncate -s 5000 couplings.h5
status=0; wait $pid || status=$?
[ "$status" = 1 ] && [ "$(wc -l < stderr.txt)" = 1 ] && grep -q 'couplings.h5: cannot be read any more' stderr.txt ||
  { echo "status $status of an input cut short"; cat stderr.txt; exit 1; }
couplet-info --check out.h5.partial/state.h5 > /dev/null
before=$(saved)
rm couplings.h5
expect_1 'couplings.h5: is not there any more' $run
cp kept.h5 couplings.h5
$run & pid=$!
sleep 0.5; rm couplings.h5  # what is open stays
status=0; wait $pid || status=$?
[ "$status" = 75 ]
[ "$(saved)" -gt "$before" ]

# So is one that an option names; and work is not gone on with when it is not known whose it is.
rm -rf out.h5.*; cp data.h5 moved.h5
run="nf-encode-couplings teacher.h5 --data moved.h5 -q --threads 1 -s draws=20000 -s batch=16 --max-seconds 1 -o out.h5"
status=0; $run || status=$?
[ "$status" = 75 ]
rm moved.h5
expect_1 'moved.h5: is not there any more' $run
cp data.h5 moved.h5; rm out.h5.partial/command.json
status=0; $run 2> stderr.txt || status=$?
[ "$status" = 2 ] && grep -q 'holds work of an unknown command' stderr.txt
status=0; $run --force || status=$?
[ "$status" = 75 ]
echo 'full and read-only disks, lost inputs: nothing lost'
