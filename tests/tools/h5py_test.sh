#!/bin/bash
# The lines of Python in docs/files.md read files just made.  BIN: the tools, SOURCE: the tree, PYTHON: one with h5py.
set -eu
python=${PYTHON:-python3}
"$python" -c 'import h5py' 2>/dev/null || { echo "no h5py for $python: the lines of docs/files.md are not run"; exit 77; }
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"; . "$SOURCE/tests/tools/fixture.sh"
eval-fid data.h5 -q -o statistics.h5
sed -n '/^```python/,/^```$/p' "$SOURCE/docs/files.md" | grep -v '^```' > lines.py
"$python" lines.py
echo "$(grep -c '^with' lines.py) pieces of Python ran"
