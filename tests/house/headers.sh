#!/bin/bash
# Every header of lib compiles alone. What a header includes anyway (LibTorch, mostly) is parsed once, as a
# precompiled header. usage: headers.sh "COMPILER AND FLAGS" SCRATCH_FOLDER
compile="$1 -w" scratch=$2 self=$(realpath "$0")
cd "$(dirname "$0")/../../lib" || exit 1
mkdir -p "$scratch"; rm -f "$scratch/failed"
if [ -e "$scratch/passed" ] && [ -z "$(find . "$self" -name '*.[hs]*' -newer "$scratch/passed" ! -name '*.cpp')" ]; then
  echo 'no header has changed since all compiled alone'; exit 0
fi
grep -roE --include='*.h' '^ *# *include +["<][^">]+' . | sed 's|^\./||; s|: *# *include *["<]| |' > "$scratch/includes"

# closure NAME…: the headers that include one of these, be it through others
closure() {
  awk -v begin="$*" '
    BEGIN { n = split(begin, names, " "); for (i = 1; i <= n; ++i) reached[names[i]] = 1 }
    { from[NR] = $1; to[NR] = $2 }
    END {
      do { grown = 0; for (i = 1; i <= NR; ++i) if (reached[to[i]] && !reached[from[i]]) grown = reached[from[i]] = 1 } while (grown)
      for (name in reached) if (reached[name] && name ~ /\.h$/) print name
    }' "$scratch/includes"
}
# precompile NAME HEADER…: one header that includes these
precompile() {
  local name=$scratch/$1.h; shift
  printf '#include <%s>\n' "$@" > "$name"
  $compile -x c++-header "$name" -o "$name.gch"
}
closure base/types.h > "$scratch/of_types"
closure torch/nn/module.h > "$scratch/of_module"
precompile types base/types.h && precompile module base/types.h torch/nn/module.h || exit 1

check() {
  local with=
  if grep -qx "$1" "$scratch/of_types"; then with="-include $scratch/types.h"; fi
  if [ -n "$with" ] && grep -qx "$1" "$scratch/of_module"; then with="-include $scratch/module.h"; fi
  $compile $with -fsyntax-only -x c++ "$1" || { echo "lib/$1 does not compile alone"; touch "$scratch/failed"; }
}
export -f check; export compile scratch
find . -name '*.h' | sed 's|^\./||' | sort | xargs -P 2 -I{} bash -c 'check {}'
rm -f "$scratch"/*.gch
[ ! -e "$scratch/failed" ] || exit 1
touch "$scratch/passed"
