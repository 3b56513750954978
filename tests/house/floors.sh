#!/bin/sh
# The floors of lib: a file includes its own folder and lower floors; folders on one floor do not
# include each other; train could see flow, and does not. Prints what breaks this.
cd "$(dirname "$0")/../.." || exit 1
grep -rnoE --include='*.h' --include='*.cpp' --include='*.cu' '^ *# *include +"[^"]+/[^"]+"' lib tools |
awk -F: '
  BEGIN {
    floors = "cuda base parallel io nn,formats,transport data flow losses,train,eval,report app tools"
    for (n = split(floors, level, " "); n > 0; --n)
      for (k = split(level[n], folders, ","); k > 0; --k) floor[folders[k]] = n
  }
  {
    from = $1; sub(/^lib\//, "", from); sub(/\/.*/, "", from)
    to = $3; sub(/^[^"]*"/, "", to); name = to; sub(/"$/, "", name); sub(/\/.*/, "", to)
    if (!(from in floor)) why = "folder " from " has no floor"
    else if (!(to in floor)) why = "folder " to " has no floor"
    else if (from != to && floor[to] > floor[from]) why = to " lies above " from
    else if (from != to && floor[to] == floor[from]) why = to " lies beside " from
    else if (from == "train" && to == "flow") why = "train sees a loss function, nothing else"
    else next
    print $1 ":" $2 ": includes " name ": " why
    bad = 1
  }
  END { if (!NR) print "no includes found"; exit bad || !NR }'
