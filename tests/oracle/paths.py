#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold how inquest says that an object is still reached against memory itself.

    tests/oracle/paths.py [--inquest PROG] [-j N] [DIR...]

DIR (testdata by default) holds captures with a file truth.zst (tests/oracle/leaks.py says what
is in it). Of goroutines that nobody will wake, but something refers to what they wait for:

- there is a way, and not only through goroutines that stay blocked;
- in the core, the root's word points into the first object, and each object's word into the
  next one; the last object holds what is waited for;
- it begins where the program says: a package variable, the stack of the function that owns
  the object, a finalizer or a cleanup; an owner that sleeps is suspected;

and of those that leaked: only goroutines that stay blocked lead there, nobody is suspected.

One line a capture and core, then "N passed, N failed".
"""

import argparse
import json
import mmap
import os
import shutil
import struct
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from compare import TESTDATA, executable_of, inflate
from leaks import captures
from waits import run

# Leaked goroutines of one capture that are asked for: they are many, and alike.
MAX_LEAKED = 4


class Core:
    """Words of memory, by the segments of an ELF core."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        at, = struct.unpack_from("<Q", self.data, 32)
        num, = struct.unpack_from("<H", self.data, 56)
        headers = [struct.unpack_from("<IIQQQQQQ", self.data, at + 56 * i) for i in range(num)]
        self.segments = [(h[3], h[2], h[5]) for h in headers if h[0] == 1 and h[5]]

    def word(self, addr):
        for begin, offset, size in self.segments:
            if begin <= addr and addr + 8 <= begin + size:
                return struct.unpack_from("<Q", self.data, offset + addr - begin)[0]
        return None


def holds(step, addr):
    begin = int(step["address"], 16)
    return addr is not None and begin <= addr < begin + step["size_bytes"]


def follow(core, path, target):
    """What is wrong with the words of a way, or None."""
    steps, root = path["steps"], path["root"]["address"]
    if not steps:
        return None if root and int(root, 16) == target else "it ends nowhere"
    # The record of a weak pointer belongs to the object and does not name it.
    if root and path["root"]["kind"] != "special" and \
            not holds(steps[0], core.word(int(root, 16))):
        return "the root does not refer to the first object"
    for i, (step, after) in enumerate(zip(steps, steps[1:])):
        if path["skipped"] and i + 1 == path["skipped_at"]:
            continue
        if not holds(after, core.word(int(step["address"], 16) + step["offset"])):
            return "object %d does not refer to the next one" % i
    if int(steps[-1]["address"], 16) + steps[-1]["offset"] != target:
        return "it ends in another place"
    return None


def begins(path, suspects, shape, note):
    """What is wrong with where a way begins, by what the program says of it, or None."""
    root = path["root"]
    if note in ("finalizer", "cleanup") or shape == "weak-pointer":
        return None if root["kind"] == "special" else "not by a finalizer or its like"
    if root["kind"] == "stack":
        if not root["frame"] or root["frame"]["function"] != note:
            return "not on the stack of %s" % note
        if not any(s["ground"] == "sleeps" and s["goroutine"] == root["goroutine"]
                   for s in suspects):
            return "%s is not suspected" % note
        return None
    if root["kind"] != "variable":
        return "by a root of kind %s" % root["kind"]
    name = root["name"] or ""
    # Without symbols, and of data that has none, it is a section.
    if name and not name.startswith(".") and not name.startswith(note):
        return "%s is not %s" % (name, note)
    return None


def check(core, line, answer):
    """What is wrong with one goroutine's answer, or None."""
    leaked = line["truth"] == "leaked"
    for one in answer["paths"]:
        path = one["path"]
        if path is None:
            return "no way to %s" % one["address"]
        if path["only_blocked"] != leaked:
            return "only blocked goroutines: %s" % path["only_blocked"]
        wrong = follow(core, path, int(one["address"], 16))
        if not wrong and not leaked:
            wrong = begins(path, answer["suspects"], line["shape"], line["note"])
        if wrong:
            return wrong
    if not leaked and not answer["paths"]:
        return "what it waits for is not told"
    if leaked and answer["suspects"]:
        return "suspects are named"
    return None


def chosen(folder, tmp):
    with open(inflate(os.path.join(folder, "truth.zst"), os.path.join(tmp, "truth")),
              encoding="utf-8") as f:
        lines = [x for x in map(json.loads, f) if x.get("truth") in ("kept", "leaked")]
    leaked = [x for x in lines if x["truth"] == "leaked"]
    return [x for x in lines if x["truth"] == "kept"] + leaked[:MAX_LEAKED]


def one(job):
    prog, folder, name = job
    wrong = []
    with tempfile.TemporaryDirectory(prefix="inquest-paths-") as tmp:
        exe = inflate(executable_of(folder), os.path.join(tmp, "exe"))
        core = inflate(os.path.join(folder, name), os.path.join(tmp, name[:-4]))
        memory = Core(core)
        for line in chosen(folder, tmp):
            done = run([prog, "waits", "--of", str(line["goroutine"]), "--path", "--json",
                        core, exe], 120)
            if done.returncode not in (0, 3):
                what = "exit status %d" % done.returncode
            else:
                what = check(memory, line, json.loads(done.stdout))
            if what:
                wrong.append("goroutine %s %s: %s" % (line["goroutine"], line["shape"], what))
    return wrong


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest")
                   or os.path.join(os.path.dirname(TESTDATA), "inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    args = p.parse_args()
    for need in ("zstd", args.inquest):
        if not shutil.which(need):
            print("skipped: no %s" % need)
            return 77
    jobs = [(args.inquest, folder, name) for folder, name in captures(args.dirs, False)]
    failed = 0
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder, name), wrong in zip(jobs, pool.map(one, jobs)):
            label = "%s/%s" % (os.path.relpath(folder, TESTDATA), name)
            for text in wrong:
                print("  " + text)
            print("%s: %s" % (label, "%d differences" % len(wrong) if wrong else "same"))
            failed += bool(wrong)
    print("%d passed, %d failed" % (len(jobs) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
