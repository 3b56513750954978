#!/bin/bash
# What is installed works where it lies: tools, manual pages (groff and man find nothing to warn of),
# completions as bash asks for them, the examples with their data.
#   install.sh CMAKE   BIN: the build folder; exit 77: pages are not checked, there is no groff
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
"$1" --install "$BIN" --prefix "$folder/built" > "$folder/log.txt" 2>&1 || { cat "$folder/log.txt"; exit 1; }
mv "$folder/built" "$folder/prefix"  # the prefix may be moved
prefix=$folder/prefix; cd "$folder"
bad() { echo "$*"; exit 1; }

tools=$(ls "$prefix/bin")
[ "$(wc -w <<< "$tools")" = 10 ] || bad "not ten tools: $tools"
for tool in $tools; do
  "$prefix/bin/$tool" --version > /dev/null
  [ -s "$prefix/share/man/man1/$tool.1" ] || bad "$tool has no manual page"
  [ -s "$prefix/share/bash-completion/completions/$tool" ] || bad "$tool has no completion"
done

# replies LINE: what bash offers at its end
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
replies() {
  local tool=${1%% *}
  # shellcheck source=/dev/null
  . "$prefix/share/bash-completion/completions/$tool"
  COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
  read -ra COMP_WORDS <<< "$1"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  "_${tool//-/_}"
  echo "${COMPREPLY[*]}"
}
expect() { local got; got=$(replies "$1"); [ "$got" = "$2" ] || bad "'$1' offers '$got' instead of '$2'"; }
expect 'nf-train data.h5 -s fli' 'flip=true flip=false'
expect 'nf-train data.h5 -s flow=' 'tarflow spline'
expect 'nf-train data.h5 --set flow=s' 'spline'
expect 'nf-train data.h5 --flow ta' 'tarflow'
expect 'nf-train data.h5 --flow=ta' 'tarflow'
expect 'nf-train data.h5 --fli' '--flip=true --flip=false'
expect 'nf-train data.h5 -s train.st' 'train.steps='
expect 'nf-train data.h5 -s flow.pa' 'flow.patch='
expect 'nf-train data.h5 --train.st' '--train.steps='
expect 'nf-train data.h5 --train.steps 4' ''
expect 'nf-train da' ''
expect 'nf-train data.h5 -o ' ''
expect 'nf-train --de' '--device'
expect 'nf-train --device c' 'cpu cuda'
expect 'nf-train -s flip=true --max' '--max-seconds'
expect 'nf-train *.h5 --force --qui' '--quiet'
expect 'ttfm-distill s.h5 -s distil.loss=m' 'meanflow'
expect 'fm-train-student c.h5 -s net=' 'mlp perceptron dit unet'
expect 'couplet-info --di' '--diff'

(cd "$prefix/share/couplet" && PATH="$prefix/bin:$PATH" couplet-convert data/digits.csv.gz -q \
  -c data/experiments/digits.json -o "$folder/digits.h5" && [ -e examples/chain.mk ] && [ -e data/features/digits.h5 ])

command -v groff > /dev/null || { echo 'no groff: pages are not checked'; exit 77; }
for page in "$prefix"/share/man/man1/*.1; do
  groff -man -Tutf8 -P-cbou -ww "$page" 2> warnings.txt > page.txt
  [ ! -s warnings.txt ] || { cat warnings.txt; bad "$page: groff warns"; }
  for section in NAME SYNOPSIS DESCRIPTION FLAGS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
    grep -q "$section" page.txt || bad "$page: no section $section"
  done
done
if command -v man > /dev/null; then
  man -M "$prefix/share/man" nf-train > page.txt 2> warnings.txt || bad "man does not find nf-train"
  [ ! -s warnings.txt ] || bad "$(cat warnings.txt)"
fi
echo 'installed, moved, and all of it works'
