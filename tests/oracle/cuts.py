#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cut core says less than the whole one, and nothing else.

    tests/oracle/cuts.py [--inquest PROG] [-j N] [DIR...]

Each core of DIR (testdata by default) is cut shorter and shorter. What inquest
still lists of it must be what it lists of the whole core: no goroutine that is not
there, no other id, status, wait reason, creator or frame; a stack may end early, and
then says so. Every cut core has a problem that is named. One line a capture, then
"N passed, N failed"; the exit status is 1 if any failed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from compare import TESTDATA, captures, executable_of, inflate

PERCENT = (97, 90, 75, 60, 50, 40, 30, 20, 10, 5, 2, 1)
# What may be unknown of a goroutine, but not another.
FIELDS = ("status", "wait_reason", "system", "thread", "locked", "parent", "created_by", "entry",
          "labels")


def run(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def goroutines(prog, core, exe):
    done = run([prog, "goroutines", "--json", core, exe])
    if done.returncode not in (0, 2):
        raise RuntimeError("exit status %d" % done.returncode)
    return {g["id"]: g for g in map(json.loads, done.stdout.splitlines())}


def problems(prog, core, exe):
    done = run([prog, "report", "--json", core, exe])
    if done.returncode == 2:
        return [done.stderr]
    got = json.loads(done.stdout)
    return got.get("problems", []) + [p for w in got["witnesses"] for p in w["problems"]]


def differences(whole, cut):
    for number, g in sorted(cut.items()):
        want = whole.get(number)
        if want is None:
            yield "goroutine %d is invented" % number
            continue
        for field in FIELDS:
            if g.get(field) not in (None, want.get(field)):
                yield "goroutine %d: %s is %r, not %r" % (
                    number, field, g.get(field), want.get(field))
        frames = want["frames"]
        if g["stack_complete"] and g["frames"] != frames:
            yield "goroutine %d: another whole stack" % number
        if g["frames"] != frames[:len(g["frames"])]:
            yield "goroutine %d: other frames" % number


def one(job):
    prog, folder, core = job
    found = []
    try:
        with tempfile.TemporaryDirectory(prefix="inquest-cuts-", dir="/var/tmp") as tmp:
            exe = inflate(executable_of(folder), os.path.join(tmp, "exe"))
            flat = inflate(os.path.join(folder, core), os.path.join(tmp, "core"))
            size = os.path.getsize(flat)
            whole = goroutines(prog, flat, exe)
            for percent in PERCENT:
                os.truncate(flat, size * percent // 100)
                what = "%d %%: " % percent
                found += [what + d for d in differences(whole, goroutines(prog, flat, exe))]
                if not problems(prog, flat, exe):
                    found.append(what + "nothing said to be missing")
    except Exception as e:  # a capture that cannot be cut has failed
        found.append("%s: %s" % (type(e).__name__, e))
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    args = p.parse_args()
    for need in ("zstd", args.inquest):
        if not need or not shutil.which(need):
            print("skipped: no %s" % need)
            return 77
    todo = [(args.inquest, os.path.abspath(folder), core) for folder, core in captures(args.dirs)]
    failed = 0
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder, core), found in zip(todo, pool.map(one, todo)):
            name = "/".join(folder.split("/")[-2:]) + "/" + core
            print("%s: %s" % (name, "%d differences" % len(found) if found else "same"))
            for problem in found[:4]:
                print("    " + problem)
            failed += bool(found)
    print("%d passed, %d failed" % (len(todo) - failed, failed))
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
