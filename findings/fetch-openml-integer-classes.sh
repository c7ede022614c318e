#!/usr/bin/env bash
# scikit-learn 1.9.1 with pandas 3.1.1: the default ARFF parser and classes that are numbers.
#
# Expected: an ARFF file whose nominal attribute lists numbers, `@ATTRIBUTE class {0,1}`, as most image data sets of
#           OpenML do, is read by parser="pandas" (what parser="auto" chooses for dense data) as by parser="liac-arff".
# Seen:     see the assertions below. Seen on 2026-11-28, CPython 3.11, Linux x86-64.
#
# Run by hand: bash findings/fetch-openml-integer-classes.sh
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import gzip
import sys
from pathlib import Path

import pandas
import sklearn
from sklearn.datasets._arff_parser import load_arff_from_gzip_file

ARFF = """@RELATION images
@ATTRIBUTE pixel1 REAL
@ATTRIBUTE pixel2 REAL
@ATTRIBUTE class {0,1}
@DATA
0,255,0
7,8,1
9,10,1
"""
path = Path(sys.argv[1]) / "data.arff.gz"
path.write_bytes(gzip.compress(ARFF.encode()))
columns = {
    "pixel1": {"data_type": "numeric", "name": "pixel1"},
    "pixel2": {"data_type": "numeric", "name": "pixel2"},
    "class": {"data_type": "nominal", "name": "class"},
}
seen = {}
for parser in ("liac-arff", "pandas"):
    with gzip.open(path, "rb") as file:
        try:
            X, y, *_ = load_arff_from_gzip_file(
                file, parser, "pandas", columns, ["pixel1", "pixel2"], ["class"]
            )
            seen[parser] = f"{list(y['class'])} of {y['class'].dtype}"
        except Exception as error:
            seen[parser] = f"{type(error).__name__}: {str(error).splitlines()[0][:90]}"
print("scikit-learn", sklearn.__version__, "pandas", pandas.__version__)
for parser, what in seen.items():
    print(f"{parser}: {what}")
PYTHON
