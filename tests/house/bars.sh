#!/bin/sh
# Bars of the house that a search can check. Prints what breaks one.
cd "$(dirname "$0")/../.." || exit 1
bad=0
bar() {  # bar WHY LINES: no lines, no breach
  [ -z "$2" ] && return
  echo "$2" | sed "s|^|$1: |"
  bad=1
}
longer() { limit=$1; shift; find "$@" -type f | xargs wc -l | awk -v n="$limit" '$2 != "total" && $1 > n {print $2 " has " $1 " lines, at most " n}'; }
all='--include=*.h --include=*.cpp --include=*.cu'

bar 'too long' "$(longer 80 tools -name '*.cpp')"
bar 'heavy include in a header' "$(grep -rnE --include='*.h' 'include *[<"](torch/torch\.h|CLI/)' lib)"
bar 'torch/torch.h' "$(grep -rnE $all 'include *[<"]torch/torch\.h' lib tools)"
bar 'the library prints' "$(grep -rnE $all 'std::(cout|cerr|exit)\b|\bprintf\(' lib | grep -vE '^lib/(base/log|app/)')"

# A number leaves the device only where people or files read it, once a run or a validation: elsewhere it
# stalls the device.
bar 'item()' "$(grep -rnE $all '\.item(<|\()' lib tools |
  grep -vE '^lib/(base/log|train/trainer|eval/|app/|formats/|data/|transport/|flow/(pairings/teacher|requests|verification|published/.*)|losses/likelihood)' |
  grep -vE '^lib/flow/(parallel_decoding|flows/tarflow_decode)' |  # whether sweeps go on is decided here
  grep -vE '^lib/flow/solvers/dopri5')"  # and here whether a step is kept and how long the next is: once a step

# Flows encode and decode: "forward" and "inverse" mean opposite things in the standard libraries.
flows=$(grep -rlE $all 'NormalizingFlow' lib/flow)
[ -n "$flows" ] && bar 'say encode or decode' "$(grep -nE '\b(forward|inverse)\(' $flows /dev/null)"

# The method's table names files that are there.
for name in $(grep -oE '`?(base|data|eval|flow|losses|nn)/[a-z0-9_/]+`?' docs/method.md | tr -d '`' | sort -u); do
  [ -e "lib/$name.h" ] || [ -e "lib/$name.cpp" ] || [ -e "tests/$name.cpp" ] || bar 'docs/method.md names' "$name, which is not there"
done

# Links between documents lead somewhere, to a heading too.
for file in *.md docs/*.md data/*.md data/*/*.md; do
  for link in $(grep -oE '\]\([^):]+\)' "$file" | sed 's/^](//; s/)$//'); do
    path=$(dirname "$file")/${link%%#*}
    [ "${link%%#*}" ] || path=$file
    [ -e "$path" ] || bar "$file links to" "$link, which is not there"
    [ "$link" = "${link#*#}" ] || sed -n 's/^##* //p' "$path" | tr 'A-Z ' 'a-z-' | sed 's/[^a-z0-9_-]//g' |
      grep -qx -- "${link#*#}" || bar "$file links to" "$link, a heading that is not there"
  done
done
exit $bad
