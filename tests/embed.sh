#!/bin/bash
# The program of examples/embed builds against what is installed, wherever that was moved, and does its work.
#   embed.sh CMAKE   BIN: the build folder, SOURCE: the tree
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"; . "$SOURCE/tests/tools/fixture.sh"
quiet() { "$@" > log.txt 2>&1 || { cat log.txt; exit 1; }; }
quiet "$1" --install "$BIN" --prefix "$folder/built"
mv built prefix
quiet "$1" -S prefix/share/couplet/examples/embed -B out -DCMAKE_PREFIX_PATH="$folder/prefix" -DCMAKE_BUILD_TYPE=Debug
quiet "$1" --build out
out/interpolate map.h5 out.png
[ "$(head -c 4 out.png | tail -c 3)" = PNG ]
status=0; out/interpolate teacher.h5 out.png 2> stderr.txt || status=$?
[ "$status" = 1 ]
grep -q 'teacher.h5' stderr.txt
echo 'a program of its own, built and run'
