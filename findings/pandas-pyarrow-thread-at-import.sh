#!/usr/bin/env bash
# pandas 3.1.1 with pyarrow 26.0.1 (wheels for Linux x86-64): a fork server that has imported pandas.
#
# Expected: a process that limits its numerical libraries to one thread (OMP_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1) and
#           imports pandas still has one thread. So it can be the fork server of multiprocessing: POSIX promises little
#           to the child of a process with several threads.
# Seen:     where pyarrow is installed, `import pandas` imports it, and loading pyarrow's library starts the thread
#           jemalloc_bg_thd, whatever those variables say. ARROW_DEFAULT_MEMORY_POOL=system does not stop it.
#           JE_ARROW_MALLOC_CONF=background_thread:false does. pandas alone starts no thread, so installing an optional
#           package changes what every fork of a program is made from.
#           Seen on 2026-11-28, CPython 3.11, Linux x86-64.
#
# Run by hand: bash findings/pandas-pyarrow-thread-at-import.sh
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
names="import os, pandas; print(sorted(open(f'/proc/self/task/{task}/comm').read().strip() for task in os.listdir('/proc/self/task')))"

seen() { # what is said of it; then the command's environment
  echo "$1: $(env "${@:2}" "$folder/venv/bin/python" -c "$names")"
}
threads() { env "$@" "$folder/venv/bin/python" -c "$names" | grep -c jemalloc_bg_thd || true; }

"$folder/venv/bin/pip" install -q pandas==3.1.1 numpy==2.4.6
seen "pandas alone" A=1
test "$(threads A=1)" = 0
"$folder/venv/bin/pip" install -q pyarrow==26.0.1
seen "pyarrow installed" A=1
test "$(threads A=1)" = 1
seen "with ARROW_DEFAULT_MEMORY_POOL=system" ARROW_DEFAULT_MEMORY_POOL=system
test "$(threads ARROW_DEFAULT_MEMORY_POOL=system)" = 1
seen "with JE_ARROW_MALLOC_CONF=background_thread:false" JE_ARROW_MALLOC_CONF=background_thread:false
test "$(threads JE_ARROW_MALLOC_CONF=background_thread:false)" = 0
echo "as seen"
