#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A core that lost something proves no goroutine leaked that the whole one does not.

    tests/oracle/proofs.py [--inquest PROG] [-j N] [--seed N] [--rounds N] [--zeros] [DIR...]

Each core of DIR (testdata by default) loses, once a round and mended in between: a few
pages of its contents, contents of segments or segments, its end, notes (registers of some
threads, the file note or rows of it), or the executable. Whom `inquest goroutines --json`
calls unreachable then must be among those of the whole core. With --zeros pages become
zeros instead, as gdb writes what it could not read: that can look like memory that nobody
has used, so it is counted, and no failure. One line a capture, then "N passed, N failed";
the exit status is 1 if any failed.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from compare import TESTDATA, captures, executable_of, inflate
from cuts import EHDR, PHDR
from damage import (PAGE, Core, cut, empty_segments, lose_modules, lose_notes, lose_segments,
                    shorten_segment)

TIMEOUT = 60


def proven(prog, files):
    done = subprocess.run([prog, "goroutines", "--json", *files], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=TIMEOUT)
    if done.returncode not in (0, 2):
        if done.returncode < 0 or b"ERROR: " in done.stderr:
            raise RuntimeError("exit status %d: %s" % (
                done.returncode, done.stderr[-300:].decode(errors="replace")))
        return set()  # nothing of it can be read
    return {g["id"] for g in map(json.loads, done.stdout.splitlines())
            if g["reachability"] == "unreachable"}


def pages_of(core, dice):
    """File offsets of a few pages that hold something, some of them neighbours."""
    pages = [at for begin, end in core.data_ranges()
             for at in range(begin + -begin % PAGE, end - PAGE + 1, PAGE)]
    first = dice.randrange(len(pages))
    some = set(pages[first:first + dice.choice((1, 1, 1, 2, 8))])
    some.update(dice.sample(pages, min(len(pages), dice.choice((0, 0, 1, 3, 10)))))
    return some


def pieces(segment, gone):
    """The segment, of which pages have no contents."""
    kind, flags, offset, vaddr, _, filesz, memsz, align = segment
    at = 0
    for page in sorted(p - offset for p in gone if offset <= p < offset + filesz):
        if page > at:
            yield kind, flags, offset + at, vaddr + at, 0, page - at, page - at, align
        size = min(PAGE, filesz - page)
        yield kind, flags, offset + page, vaddr + page, 0, 0, size, align
        at = page + size
    if memsz > at:
        yield kind, flags, offset + at, vaddr + at, 0, filesz - at, memsz - at, align


def lose_pages(core, dice, _):
    gone = pages_of(core, dice)
    new = [p for i, s in enumerate(core.phdrs)
           for p in (pieces(s, gone) if i in core.loads else (s,))]
    start = core.append(b"".join(PHDR.pack(*p) for p in new))
    core.write(0, EHDR.pack(core.ehdr[0], start, core.ehdr[2], core.ehdr[3], len(new)))
    return "without pages at %s" % " ".join("%#x" % p for p in sorted(gone))


def zero_pages(core, dice, _):
    gone = pages_of(core, dice)
    for page in gone:
        core.write(page, b"\0" * PAGE)
    return "zeros at %s" % " ".join("%#x" % p for p in sorted(gone))


def lose_executable(*_):
    return "no executable"


LOSSES = (lose_pages, lose_pages, lose_pages, lose_pages, empty_segments, lose_segments,
          shorten_segment, cut, lose_notes, lose_modules, lose_executable)


def one(job):
    args, folder, name = job
    found, lost, num = [], 0, 0
    try:
        with tempfile.TemporaryDirectory(prefix="inquest-proofs-", dir=args.scratch) as tmp:
            exe = inflate(executable_of(folder), os.path.join(tmp, "exe"))
            whole = inflate(os.path.join(folder, name), os.path.join(tmp, "whole"))
            flat = os.path.join(tmp, "core")
            subprocess.run(["cp", "--sparse=always", "--preserve=timestamps", whole, flat],
                           check=True)
            want = proven(args.inquest, [flat, exe])
            core = Core(flat)
            for n in range(args.rounds):
                dice = random.Random("%d %s %s %d" % (args.seed, folder, name, n))
                loss = zero_pages if args.zeros else dice.choice(LOSSES)
                what = loss(core, dice, whole)
                core.keep_time()
                files = [flat] if loss is lose_executable else [flat, exe]
                more = proven(args.inquest, files) - want
                num += 1
                if more:
                    lost += 1
                    found.append("round %d, %s: %s" % (n, what, sorted(more)[:8]))
                core.mend()
            core.close()
    except Exception as e:  # a capture that cannot be damaged has failed
        found.append("%s: %s" % (type(e).__name__, e))
    return found, lost, num


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rounds", type=int, default=12, help="of each capture")
    p.add_argument("--zeros", action="store_true", help="pages of zeros instead")
    p.add_argument("--scratch", default="/var/tmp", help="folder for cores")
    p.add_argument("--share", type=int, default=1, metavar="N", help="one capture in N")
    args = p.parse_args()
    for need in ("zstd", args.inquest):
        if not need or not shutil.which(need):
            print("skipped: no %s" % need)
            return 77
    todo = [(args, os.path.abspath(folder), core)
            for folder, core in captures(args.dirs)][args.seed % args.share::args.share]
    failed = total = 0
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder, core), (found, lost, num) in zip(todo, pool.map(one, todo)):
            name = "/".join(folder.split("/")[-2:]) + "/" + core
            bad = bool(found) if not args.zeros else len(found) > lost
            print("%s: %s" % (name, "%d differences in %d losses" % (len(found), num) if found
                              else "same"))
            for problem in found[:4]:
                print("    " + problem)
            failed += bad
            total += num
    print("%d passed, %d failed; %d losses" % (len(todo) - failed, failed, total))
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
