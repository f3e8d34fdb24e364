"""Sixty files that are no data, or more than data; all made here, harmless where they lie."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
import lzma
import marshal
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile.bombs import png

SENTINEL = "REGISTRY_WAS_HERE"


class Runs:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return (os.system, (f"touch {SENTINEL}",))


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/", 1) if name.startswith("word") else name, data)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("setup.py")
        entry.size = 9
        archive.addfile(entry, io.BytesIO(b"import os"))
    return out.getvalue()


def numpy_objects() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Runs()], dtype=object), allow_pickle=True)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2], "text": ["가", "나"]}), out)
    return out.getvalue()


def parquet_and_zip() -> bytes:
    """Parquet to a reader of Parquet; an archive, whose comment is the end of the Parquet, to Python."""
    data = parquet()
    length = struct.unpack("<I", data[-8:-4])[0]
    tail = data[-8 - length :]
    archive = zipped(**{"__main__.py": b"print(1)"})
    return data[: -8 - length] + archive[:-2] + struct.pack("<H", len(tail)) + tail


NOTEBOOK = {
    "cells": [{"cell_type": "code", "source": ["import os"]}],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
SCRIPT = b"#!/usr/bin/env python3\nimport os\nos.system('true')\n"
SOURCE = b"import os\n\nos.system('true')\n"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
EXE = b"MZ\x90\x00\x03" + bytes(59)
PICKLE = pickle.dumps(Runs())
OLD_PICKLE = pickle.dumps(Runs(), protocol=0)
OTHER_PICKLE = pickle.dumps(Runs(), protocol=1)
ZIP = zipped(**{"__main__.py": b"print(1)"})
WEIGHTS = zipped(**{"archive/data.pkl": PICKLE, "archive/version": b"3\n"})
PYC = b"\xa7\r\r\n" + bytes(12) + marshal.dumps(compile("1", "x", "eval"))
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj\n%%EOF"
DOCM = zipped(**{"[Content_Types].xml": b"<x/>", "word__document.xml": b"<x/>", "word__vbaProject.bin": b"\xd0\xcf"})
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\xff\xd9"
SOUND = png(4, 4)
GIF_SCRIPT = b"GIF89a/*" + bytes(30) + b"*/=1;alert(1)"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
JAVA = b"\xca\xfe\xba\xbe\x00\x00\x00\x37" + bytes(30)

MALICIOUS: dict[str, bytes] = {
    # pickles and what is made of them, under every name
    "model.pkl": PICKLE,
    "pickle as table.csv": PICKLE,
    "pickle as lines.jsonl": PICKLE,
    "pickle as Parquet.parquet": PICKLE,
    "pickle as Arrow.arrow": PICKLE,
    "pickle as image.png": PICKLE,
    "pickle as note.md": PICKLE,
    "old pickle.csv": OLD_PICKLE,
    "old pickle.tsv": OLD_PICKLE,
    "old pickle.txt": OLD_PICKLE,
    "other pickle.csv": OTHER_PICKLE,
    "packed pickle.csv.gz": gzip.compress(PICKLE),
    "packed old pickle.jsonl.gz": gzip.compress(OLD_PICKLE),
    "objects.npy": numpy_objects(),
    "objects as table.csv": numpy_objects(),
    "objects.npz": zipped(**{"a.npy": numpy_objects()}),
    "weights.pt": WEIGHTS,
    "weights as table.parquet": WEIGHTS,
    "weights.bin": PICKLE,
    "joblib.joblib": zlib.compress(PICKLE),
    "keras.h5": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "keras as table.csv": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "R objects.csv": b"RDX3\nX\n\x00\x00\x00\x03",
    "README.pkl": PICKLE,
    # scripts and programs
    "run.py": SOURCE,
    "source as table.csv": SOURCE,
    "script as table.csv": SCRIPT,
    "script as lines.jsonl": SCRIPT,
    "script with a mark.csv": codecs.BOM_UTF8 + SCRIPT,
    "wide script.csv": codecs.BOM_UTF16_LE + SCRIPT.decode().encode("utf-16-le"),
    "packed script.csv.gz": gzip.compress(SCRIPT),
    "shell.sh": b"#!/bin/sh\ntrue\n",
    "batch.csv": b"@echo off\r\ndel *.*\r\n",
    ".hidden.sh": b"#!/bin/sh\ntrue\n",
    ".hidden": b"#!/bin/sh\ntrue\n",
    "LICENSE": b"#!/bin/sh\ntrue\n",
    "README.py": SOURCE,
    "program": ELF,
    "program as table.csv": ELF,
    "program as image.jpg": ELF,
    "program.exe": EXE,
    "program as Parquet.parquet": EXE,
    "java as table.arrow": JAVA,
    "compiled.pyc": PYC,
    "compiled as table.csv": PYC,
    "php as table.csv": b"<?php system('true'); ?>\n",
    # pages, notebooks, documents
    "page.html": HTML,
    "page as table.csv": HTML,
    "page as note.md": HTML,
    "vector.svg": SVG,
    "vector as image.png": SVG,
    "analysis.ipynb": json.dumps(NOTEBOOK, indent=1).encode(),
    "notebook as lines.jsonl": json.dumps(NOTEBOOK).encode() + b"\n",
    "guide.pdf": PDF,
    "guide with hidden names.pdf": PDF.replace(b"/JavaScript", b"/#4aava#53cript").replace(b"/JS", b"/#4aS"),
    "macros.docx": DOCM,
    "old document.hwp": OLE,
    "old document as note.txt": OLE,
    # archives
    "data.zip": ZIP,
    "archive as table.csv": ZIP,
    "archive as document.docx": ZIP,
    "data.tar": tarred(),
    "tar as table.csv": tarred(),
    "bz2 as table.csv": bz2.compress(b"id\n1\n"),
    "xz as table.csv": lzma.compress(b"id\n1\n"),
    "packed archive.csv.gz": gzip.compress(ZIP),
    "packed twice.csv.gz": gzip.compress(gzip.compress(b"id\n1\n")),
    # two things at once
    "image and archive.png": SOUND + ZIP,
    "image and archive.jpg": JPEG + ZIP,
    "image and PDF.jpg": JPEG[:-2] + b"\xff\xfe\x00\x20" + PDF + b"\xff\xd9",
    "image and page.png": SOUND + HTML,
    "image and script.gif": GIF_SCRIPT,
    "image and php.jpg": JPEG + b"<?php system('true'); ?>",
    "Parquet and archive.parquet": parquet_and_zip(),
    "table and archive.csv": b"id,text\n1,a\n" + ZIP,
    "packed table and archive.csv.gz": gzip.compress(b"id,text\n1,a\n") + ZIP,
    "sound.wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20),
    "sound as image.webp": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20),
}

HARMLESS: dict[str, bytes] = {
    "train.csv": b"id,text\n1,hello\n",
    "empty.csv": b"",
    "한글.csv": "번호,본문\n1,맛있다\n".encode("cp949"),
    "wide.csv": "번호,본문\n1,맛있다\n".encode("utf-16"),
    "parents.csv": b"PARENT_ID,BZhang,FWS\n1,2,3\n",
    "ducks.csv": b"species,DUCK,dex\n1,2,3\n",
    "dex.csv": b"dex\n1\n",
    "MZ.csv": b"MZ,import,from\n1,2,3\n",
    "code.csv": b'code,language\n"import os\nos.system(1)",python\n',
    "imports.csv": b"import value,export value\n1,2\n",
    "html.csv": b'id,html\n1,"<html><script>alert(1)</script>"\n',
    "zip names.csv": b"id,magic\n1,PK\x05\x06\n",
    "lines.jsonl": b'{"cells": 3, "text": "nbformat"}\n{"cells": 4, "nbformat": 1, "nbformat_minor": 2}\n',
    "packed.jsonl.gz": gzip.compress(b'{"a": 1}\n'),
    "train.parquet": parquet(),
    "a.png": SOUND,
    "b.jpg": JPEG + bytes(100),
    "README.md": b'# Data\n<div align="center">hello</div>\n',
    "README.ko.md": "# 데이터\n".encode(),
    "LICENSE": b"MIT License\n",
    "LICENSE.apache": b"Apache License\n",
    "NOTICE": b"",
    "notes.txt": "메모\n".encode("cp949"),
    "guide.pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF",
    "guide.docx": zipped(**{"[Content_Types].xml": b"<x/>", "word__document.xml": b"<x/>"}),
    ".DS_Store": b"\x00\x00\x00\x01Bud1" + bytes(20),
    ".gitattributes": b"* -text\n",
    "._train.csv": b"\x00\x05\x16\x07" + bytes(20),
}


def suffix_of(name: str) -> str:
    """What comes after the words of the name."""
    return "".join(Path(name).suffixes[-2:]) if name.endswith(".gz") else Path(name).suffix
