#!/bin/sh
# Every source is as clang-format leaves it. usage: format.sh CLANG_FORMAT; exit 77: not checked
cd "$(dirname "$0")/../.." || exit 1
[ -x "$1" ] || { echo "no clang-format at $1: format is not checked"; exit 77; }
find lib tools tests bench \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' \) 2>/dev/null | sort |
  xargs "$1" --dry-run --Werror
