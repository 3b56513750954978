#!/bin/bash
# Command lines and what they must do: run.sh FILE.test (BIN: the tools, SOURCE: the tree). A line is
#   STATUS | text that stderr or stdout must hold | command
# A command that fails must say so in one line, and leave no new OUTPUT (out.h5).
set -u
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"; . "$SOURCE/tests/tools/fixture.sh" || { echo 'the fixture failed'; exit 1; }
count=0 failed=0
while IFS='|' read -r status words command; do
  case "$status" in ''|\#*) continue ;; esac
  status=$(echo $status) words=$(sed 's/^ *//; s/ *$//' <<<"$words") count=$((count + 1))
  rm -rf out.*
  eval "$command" > stdout.txt 2> stderr.txt; got=$?
  problem=
  [ "$got" = "$status" ] || problem="status $got instead of $status"
  [ -z "$words" ] || grep -qF -- "$words" stdout.txt stderr.txt || problem="$problem; does not say '$words'"
  if [ "$status" = 1 ] || [ "$status" = 2 ]; then
    [ "$(grep -vc "^warning: " stderr.txt)" = 1 ] || problem="$problem; $(wc -l < stderr.txt) lines on stderr"
    [ -e out.h5 ] && problem="$problem; left out.h5"
    [ -e out.h5.partial ] && problem="$problem; left out.h5.partial"
  fi
  if [ -n "$problem" ]; then
    failed=$((failed + 1)); echo "FAILED:$command"; echo "  $problem"; tail -n 3 stderr.txt | sed 's/^/  | /'
  fi
done < "$1"
echo "$((count - failed)) passed, $failed failed"
[ "$failed" = 0 ]
