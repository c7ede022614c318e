#!/usr/bin/env bash
# scikit-learn 1.9.1 with pandas 3.1.1: fetch_openml, its default parser, and classes that are numbers.
#
# Expected: fetch_openml(parser="auto") reads an ARFF file whose nominal attribute lists numbers, "class {0,1}", as most
#           image data sets of OpenML do. It gives the same classes as parser="liac-arff". If it cannot, it says why,
#           and it keeps what was downloaded.
# Seen:     liac-arff gives the classes '0' and '1'. "auto" means the pandas parser here. That parser raises TypeError,
#           because pandas 3.1 infers integer categories and scikit-learn strips quotes from them as from text.
#           fetch_openml takes this for a damaged download: it deletes the good file and fetches it again. Without a
#           network the user reads of a network error alone; with one, a large file is downloaded twice, in vain.
#           Seen on 2026-11-28, CPython 3.11, Linux x86-64. A later scikit-learn mends the parser
#           (scikit-learn/scikit-learn pull request 34902, merged after 1.9.1).
#
# Run by hand: bash findings/fetch-openml-integer-classes.sh
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'PYTHON'
import gzip
import hashlib
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pandas
import sklearn
from sklearn.datasets import fetch_openml

ARFF = """@RELATION images
@ATTRIBUTE pixel1 REAL
@ATTRIBUTE pixel2 REAL
@ATTRIBUTE class {0,1}
@DATA
0,255,0
7,8,1
9,10,1
"""
home = Path(sys.argv[1]) / "home"
served = {
    "api/v1/json/data/1": {
        "data_set_description": {
            "id": "1", "name": "images", "version": "1", "format": "ARFF", "status": "active",
            "url": "https://www.openml.org/data/v1/download/1/images.arff", "file_id": "1",
            "default_target_attribute": "class", "description": "", "md5_checksum": hashlib.md5(ARFF.encode()).hexdigest(),
        }
    },
    "api/v1/json/data/features/1": {
        "data_features": {
            "feature": [
                {"index": str(i), "name": name, "data_type": kind, "is_target": target, "is_ignore": "false",
                 "is_row_identifier": "false", "number_of_missing_values": "0"}
                for i, (name, kind, target) in enumerate(
                    [("pixel1", "numeric", "false"), ("pixel2", "numeric", "false"), ("class", "nominal", "true")]
                )
            ]
        }
    },
    "api/v1/json/data/qualities/1": {"data_qualities": {"quality": [{"name": "NumberOfInstances", "value": "3"},
                                                                    {"name": "NumberOfFeatures", "value": "3"}]}},
    "data/v1/download/1/images.arff": ARFF,
}
for path, body in served.items():
    file = home / "openml" / "openml.org" / f"{path}.gz"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress((body if isinstance(body, str) else json.dumps(body)).encode()))


class NoNetwork(urllib.request.BaseHandler):
    handler_order = 1

    def https_open(self, request):
        raise urllib.error.URLError("no network is needed: all four files are in the cache")


urllib.request.install_opener(urllib.request.build_opener(NoNetwork))
arff = home / "openml" / "openml.org" / "data/v1/download/1/images.arff.gz"
print("scikit-learn", sklearn.__version__, "pandas", pandas.__version__)
for parser in ("liac-arff", "auto"):
    raised, first = None, None
    try:
        y = fetch_openml(data_id=1, data_home=home, parser=parser).target
        print(f"parser={parser!r}: {list(y)}, {y.dtype}")
    except Exception as error:
        raised = first = error
        while first.__context__ is not None:
            first = first.__context__
        print(f"parser={parser!r}: says {type(raised).__name__}: {raised}")
        print(f"    first raised {type(first).__name__}: {first}")
    print(f"    the downloaded file is {'still there' if arff.exists() else 'gone'}")
    if parser == "liac-arff":
        assert list(y) == ["0", "1", "1"] and arff.exists()
    else:
        assert isinstance(raised, urllib.error.URLError) and isinstance(first, TypeError) and not arff.exists()
PYTHON
echo "as seen"
