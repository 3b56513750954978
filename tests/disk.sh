#!/bin/bash
# A full disk and a read-only folder: one line, status 1, nothing lost. Needs root for the mounts; else 77.
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
expect_1 'No space left' nf-encode-couplings teacher.h5 -q -s draws=8 -o small/out.h5
[ ! -e small/out.h5 ]
rm -rf small/*
expect_1 'full\|No space left' nf-train data.h5 -q $small_flow -s flow.channels=128 -s train.steps=2 -o small/out.h5
[ ! -e small/out.h5 ]
expect_1 'Read-only' sample map.h5 -q -o fixed/out.h5

# What was saved before the disk was full stands, and the run goes on when there is room.
rm -rf small/*
long="nf-train data.h5 $tiny $small_flow -s train.steps=1000000 --max-seconds 1 -o small/out.h5"  # never at its end
steps() { couplet-info --json small/out.h5.partial/state.h5 | grep -o '"step": *[0-9]*' | grep -o '[0-9]*$'; }
status=0; $long 2> /dev/null || status=$?
[ "$status" = 75 ]
saved=$(steps)
head -c 1000000 /dev/zero > small/fill 2> /dev/null || true
expect_1 'full\|No space left' $long
[ "$(steps)" = "$saved" ]
rm small/fill
status=0; $long 2> /dev/null || status=$?
[ "$status" = 75 ] && [ "$(steps)" -gt "$saved" ]
couplet-info --check small/out.h5.partial/state.h5 > /dev/null
echo 'full and read-only disks: nothing lost'
