#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Profiles that are recovered from a core are those that the process wrote itself.

    tests/oracle/sampled.py [--inquest PROG] [DIR]

Each folder of DIR (testdata/sampled by default) has core.zst, sampled.zst, and what the
process had written right before: heap.pb.gz, mutex.pb.gz, block.pb.gz. Stacks with their
values and labels must be the same, but for what the process allocated to write them, what
is not published yet (Go writes it with zeros), and for the names of generic functions, where Go's profiles have the compiler's shapes. One
line a folder, then "N passed, N failed".
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

from compare import TESTDATA, inflate

KINDS = ("heap", "mutex", "block")
SHAPE = re.compile(r"\[go\.shape[^\]]*\]")
WRITES = ("main.write", "runtime/pprof.")


def read(prog, path):
    """Of each stack of the program's own what was sampled, as often as it is there."""
    done = subprocess.run([prog, "profile", "--json", path], stdout=subprocess.PIPE, check=True)
    o = json.loads(done.stdout)
    stacks = collections.Counter()
    for s in o["stacks"]:
        frames = tuple("%s %s:%s" % (SHAPE.sub("[...]", f["function"] or f["pc"]),
                                     os.path.basename(f["file"] or ""), f["line"])
                       for f in s["frames"])
        if any(s["values"]) and any(f.startswith("main.") for f in frames) and \
                not any(f.startswith(WRITES) for f in frames):
            stacks[frames, tuple(s["values"]), json.dumps(s["labels"], sort_keys=True)] += 1
    kinds = [(t["type"], t["unit"]) for t in o["sample_types"]]
    return stacks, (kinds, o["period"], o["period_type"], o["default_sample_type"])


def compare(prog, folder):
    problems = []
    with tempfile.TemporaryDirectory(prefix="inquest-sampled-") as tmp:
        core = inflate(os.path.join(folder, "core.zst"), os.path.join(tmp, "core"))
        exe = inflate(os.path.join(folder, "sampled.zst"), os.path.join(tmp, "sampled"))
        for kind in KINDS:
            made = os.path.join(tmp, kind + ".pb.gz")
            subprocess.run([prog, "convert", "--to", "pprof", "--profile", kind, "-o", made,
                            core, exe], check=True)
            ours, head = read(prog, made)
            theirs, want = read(prog, os.path.join(folder, kind + ".pb.gz"))
            if head[:3] != want[:3]:
                problems.append("%s: is %s, not %s" % (kind, head, want))
            problems += ["%s: only the process has %s" % (kind, s) for s in theirs - ours]
            problems += ["%s: only the core has %s" % (kind, s) for s in ours - theirs]
            if not theirs:
                problems.append("%s: nothing was sampled" % kind)
    return problems


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("dir", nargs="?", default=os.path.join(TESTDATA, "sampled"))
    p.add_argument("--inquest", default=os.environ.get("INQUEST", "inquest"))
    args = p.parse_args()
    failed = done = 0
    for name in sorted(os.listdir(args.dir)):
        folder = os.path.join(args.dir, name)
        if not os.path.exists(os.path.join(folder, "core.zst")):
            continue
        problems = compare(args.inquest, folder)
        print("%s: %s" % (name, "%d differences" % len(problems) if problems else "same"))
        for problem in problems[:10]:
            print("    " + problem)
        done += 1
        failed += bool(problems)
    print("%d passed, %d failed" % (done - failed, failed))
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main())
