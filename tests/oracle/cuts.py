#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cut core says less than the whole one, and nothing else.

    tests/oracle/cuts.py [--inquest PROG] [-j N] [--share N] [DIR...]

Each core of DIR (testdata by default) loses pages, as if they had not been dumped, then
is cut shorter and shorter. What inquest still lists of it must be what it lists
of the whole core: no goroutine that is not there, no other id, status, wait reason,
creator or frame; a stack may end early, and then says so. No crash is found that the
whole core does not have. Every core that tells less has a problem that is named. With
--share, one in N of these: others of each next capture. One
line a capture, then "N passed, N failed"; the exit status is 1 if any failed.
"""

import argparse
import json
import operator
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from compare import TESTDATA, captures, executable_of, inflate

PERCENT = (97, 90, 75, 60, 50, 40, 30, 20, 10, 5, 2, 1)
# The share of pages that are left out.
HOLES = (0.003, 0.01, 0.03, 0.1, 0.3)
PAGE = 4096
PT_LOAD = 1
EHDR = struct.Struct("<32sQ14sHH")  # up to e_phnum, which 65535 would not be
PHDR = struct.Struct("<IIQQQQQQ")
MAX_SEGMENTS = 65000
# What may be unknown of a goroutine, but not another.
FIELDS = ("status", "wait_reason", "system", "thread", "locked", "parent", "created_by", "entry",
          "labels")
FRAMES = ("created_by", "entry")
CRASH = "CRASH"


def run(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def goroutines(prog, core, exe):
    done = run([prog, "goroutines", "--json", core, exe])
    if done.returncode not in (0, 2):
        raise RuntimeError("exit status %d: %s"
                           % (done.returncode, done.stderr[-500:].decode(errors="replace")))
    return {g["id"]: g for g in map(json.loads, done.stdout.splitlines())}


def verdict_of(got):
    """That all are asleep is a fatal error, too, where its text is lost."""
    if any(f["rule"] == "deadlock-all-asleep" for f in got["findings"]):
        return CRASH
    return got["verdict"]["word"]


def report(prog, core, exe):
    """The word of the verdict, and the problems."""
    done = run([prog, "report", "--json", core, exe])
    if not done.stdout:
        return None, [done.stderr]
    got = json.loads(done.stdout)
    missing = got.get("problems", []) + [p for w in got["witnesses"] for p in w["problems"]]
    return verdict_of(got), missing


def frame_agrees(got, want):
    """The module's path is in the core's notes alone."""
    if want is not None and "module" not in got:
        want = {k: v for k, v in want.items() if k != "module"}
    return got == want


def go_frames(g):
    return [f for f in g["frames"] if not f.get("foreign")]


def c_frames(g):
    return [f for f in g["frames"] if f.get("foreign") and f["pc"]]


def times_differ(g, want):
    """Of how long it waits, the least may be less and the most more."""
    least, most = want.get("waiting_ns"), want.get("waiting_ns_max")
    if g.get("waiting_ns") is not None and (least is None or g["waiting_ns"] > least):
        yield "waits for %d ns, not %s" % (g["waiting_ns"], least)
    if g.get("waiting_ns_max") is not None and (most is None or g["waiting_ns_max"] < most):
        yield "waits for %d ns at most, not %s" % (g["waiting_ns_max"], most)


LOCKS = ("mutex", "rwmutex", "waitgroup", "semaphore")


def fact_agrees(key, value, want):
    """Those who wait at the same address are counted as far as they are there, and arguments
    are listed as far as they are."""
    if key == "waiters":
        return value <= want
    if key == "arguments" and want is not None:
        return value == want[:len(value)]
    return value is None or value == want


def wait_agrees(w, o):
    """A lock may be called by the semaphore inside of it, or by the Mutex that an RWMutex
    begins with, where its frames have no names; and less may be known of it. Who is in C is
    in a call for the runtime, too, and only frames tell that it is C's."""
    kind, at = w.get("kind"), w.get("address")
    if kind == "syscall" and o["kind"] == "cgo":
        w = dict(w, kind="cgo")
    inner = (kind == "semaphore" and o["kind"] in LOCKS) or (
        kind == "mutex" and o["kind"] == "rwmutex")
    if not inner:
        return all(fact_agrees(k, v, o.get(k)) for k, v in w.items())
    return at is None or o.get("address") is None or 0 <= int(at, 16) - int(o["address"], 16) < 24


def waits_differ(g, want):
    """What it waits for is among what it waits for in the whole core."""
    for w in g.get("waits_for") or []:
        if w == {"kind": "select"} and want.get("wait_reason") == "select":
            continue  # its channels are not known
        if not any(wait_agrees(w, o) for o in want.get("waits_for") or []):
            yield "waits for %s, not %s" % (w, want.get("waits_for"))


def differences(whole, cut):
    for number, g in sorted(cut.items()):
        want = whole.get(number)
        if want is None:
            yield "goroutine %d is invented" % number
            continue
        for field in FIELDS:
            same = frame_agrees if field in FRAMES else operator.eq
            if g.get(field) is not None and not same(g[field], want.get(field)):
                yield "goroutine %d: %s is %r, not %r" % (
                    number, field, g.get(field), want.get(field))
        for problem in (*times_differ(g, want), *waits_differ(g, want)):
            yield "goroutine %d: %s" % (number, problem)
        frames, have = go_frames(want), go_frames(g)
        if g["stack_complete"] and len(have) != len(frames):
            yield "goroutine %d: another whole stack" % number
        if len(have) > len(frames) or not all(map(frame_agrees, have, frames)):
            yield "goroutine %d: other frames" % number
        # Of C there may be fewer, and a word for those that are gone.
        left = iter(c_frames(want))
        if not all(any(f["pc"] == w["pc"] for w in left) for f in c_frames(g)):
            yield "goroutine %d: other frames of C" % number


def without(segment, share, dice):
    """The segment in pieces, for it has holes: about that share of its pages."""
    kind, flags, offset, vaddr, _, filesz, memsz, align = segment
    at = 0
    while kind == PT_LOAD and at < filesz:
        there = min(filesz - at, PAGE * int(dice.expovariate(share)))
        if there:
            yield (kind, flags, offset + at, vaddr + at, 0, there, there, align)
        at += there
        hole = min(filesz - at, PAGE)
        if hole:
            yield (kind, flags, offset + at, vaddr + at, 0, 0, hole, align)
        at += hole
    if memsz > at or kind != PT_LOAD:
        yield (kind, flags, offset + at, vaddr + at, 0, filesz - at, memsz - at, align)


def holes(path, seed):
    """Leaves pages of the core undumped, others each time: a new table of program
    headers stands behind what there is."""
    dice = random.Random(seed)
    size = os.path.getsize(path)
    with open(path, "r+b", buffering=0) as core:
        ehdr = core.read(EHDR.size)
        ident, start, middle, entsize, num = EHDR.unpack(ehdr)
        core.seek(start)
        segments = [PHDR.unpack(core.read(entsize)) for _ in range(num)]
        for share in HOLES:
            new = [piece for s in segments for piece in without(s, share, dice)][:MAX_SEGMENTS]
            core.seek(0)
            core.write(EHDR.pack(ident, size, middle, entsize, len(new)))
            core.seek(size)
            core.write(b"".join(PHDR.pack(*s) for s in new))
            yield share
        core.seek(0)
        core.write(ehdr)
    os.truncate(path, size)


def check(prog, whole, word, core, exe, is_cut):
    got = goroutines(prog, core, exe)
    yield from differences(whole, got)
    new, problems = report(prog, core, exe)
    if (is_cut or got != whole) and not problems:
        yield "nothing said to be missing"
    if new == CRASH != word:
        yield "the verdict is %s, not %s" % (new, word)


def one(job):
    prog, folder, core, mine = job
    found = []
    try:
        with tempfile.TemporaryDirectory(prefix="inquest-cuts-", dir="/var/tmp") as tmp:
            exe = inflate(executable_of(folder), os.path.join(tmp, "exe"))
            flat = inflate(os.path.join(folder, core), os.path.join(tmp, "core"))
            size, time = os.path.getsize(flat), os.stat(flat).st_mtime_ns
            whole = goroutines(prog, flat, exe)
            word, _ = report(prog, flat, exe)
            seed = "/".join((*folder.split("/")[-2:], core))
            for n, share in enumerate(holes(flat, seed)):
                if not mine(n):
                    continue
                os.utime(flat, ns=(time, time))  # how long one waits at most rests on it
                what = "without %g %% of the pages: " % (100 * share)
                found += [what + d for d in check(prog, whole, word, flat, exe, False)]
            for n, percent in enumerate(PERCENT, len(HOLES)):
                if not mine(n):
                    continue
                os.truncate(flat, size * percent // 100)
                os.utime(flat, ns=(time, time))
                what = "%d %%: " % percent
                found += [what + d for d in check(prog, whole, word, flat, exe, True)]
    except Exception as e:  # a capture that cannot be cut has failed
        found.append("%s: %s" % (type(e).__name__, e))
    return found


def share_of(num, number):
    """Whether capture @number has the n-th way of damage as its own: one in num has."""
    return lambda n: n % num == number % num


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    p.add_argument("--share", type=int, default=1, metavar="N", help="one in N of the cuts")
    args = p.parse_args()
    for need in ("zstd", args.inquest):
        if not need or not shutil.which(need):
            print("skipped: no %s" % need)
            return 77
    todo = [(args.inquest, os.path.abspath(folder), core, share_of(args.share, number))
            for number, (folder, core) in enumerate(captures(args.dirs))]
    failed = 0
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder, core, _), found in zip(todo, pool.map(one, todo)):
            name = "/".join(folder.split("/")[-2:]) + "/" + core
            print("%s: %s" % (name, "%d differences" % len(found) if found else "same"))
            for problem in found[:4]:
                print("    " + problem)
            failed += bool(found)
    print("%d passed, %d failed" % (len(todo) - failed, failed))
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
