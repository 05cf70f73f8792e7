#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold what inquest proves of leaks against what leaks by construction.

    tests/oracle/leaks.py [--inquest PROG] [-j N] [-v] [--table] [DIR...]
    tests/oracle/leaks.py --runtime [DIR...]     the program's words and the runtime's own finder

DIR (testdata by default) holds captures with a file truth.zst: lines of JSON that the
program wrote before it stood still (testdata/leaks), one for each goroutine: its shape,
whether it is

    leaked    nothing that can run refers to what it waits for
    kept      nobody will wake it, but something refers to it (note: what)
    silent    nobody will wake it; how it waits is none that the runtime's finder looks at
    either    both answers are right (note: why)
    healthy   somebody will wake it

and the class of the mistake; what the finding of a shape alone keeps of the heap; and
what the runtime counted when nothing was allocated any more. Of these, in each core:

- who leaked is unreachable, and in a finding with confidence proven;
- nobody else is unreachable, nor in a finding that is proven, nor in a leak or a
  deadlock of severity error; goroutines of which nothing was said are healthy;
- a cause is the right one, or none is named;
- what a finding keeps lies within the bounds;
- objects and bytes of the heap are what the runtime counted;
- where the runtime itself looked for leaks (judged.txt.zst), it names the same goroutines,
  but for those of DIFFERENCES, and each of these is there.

One line a capture and core, then "N passed, N failed"; --table adds one line a shape.
"""

import argparse
import collections
import json
import os
import re
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import dump
from compare import TESTDATA, executable_of, inflate
from waits import Tally, run

# The goroutine of main.
MAIN = 1
# Where the runtime's finder and the proof differ: shape, whether the runtime condemns.
# docs/goroutineleak.md says why.
DIFFERENCES = {
    # It hides the channel that a sender waits for, not the value: one that is sent
    # straight out of an object of the heap keeps that object alive.
    "lock-held-over-send/holder": False,
    "lock-held-over-send/waiter": False,
    # It looks at none of the reasons to wait that a bubble of synctest has.
    "bubble/channel": False,
    "bubble/waitgroup": False,
    # A weak pointer in a global can still give back what only the waiter refers to.
    "weak-pointer": True,
}
# The runtime's words when it found a leak.
LEAKED = re.compile(r"^goroutine (\d+) [^\n]*\(leaked\)", re.M)


class Capture:
    """The lines of truth, by what they are about."""

    def __init__(self, folder):
        self.folder = folder
        self.case, self.place = folder.rstrip("/").split("/")[-2:]
        lines = [json.loads(l) for l in
                 dump.read_text(os.path.join(folder, "truth.zst")).splitlines()]
        self.goroutines = {l["goroutine"]: l for l in lines if "goroutine" in l}
        self.costs = {l["costs"]: l for l in lines if "costs" in l}
        self.counts = next(l["memstats"] for l in lines if "memstats" in l)
        self.judged = None
        judged = os.path.join(folder, "judged.txt.zst")
        if os.path.exists(judged):
            self.judged = {int(g) for g in LEAKED.findall(dump.read_text(judged))}

    def of(self, goroutine):
        """What is true of it; of the runtime's own and of main nothing was said."""
        main = {"shape": "main", "cause": None, "truth": "healthy"}
        if self.case == "leaks-main" and goroutine == MAIN:
            main["truth"] = "either"  # in select {}, which the runtime does not report
        return self.goroutines.get(goroutine, main)


# ---- goroutines

def compare_goroutines(capture, tally, goroutines):
    for gid in sorted(set(capture.goroutines) - set(goroutines)):
        tally.wrong("goroutine", "goroutine %d" % gid, "is not there")
    for gid, g in sorted(goroutines.items()):
        want = capture.of(gid)
        condemned = g.get("reachability") == "unreachable"
        where = "goroutine %d %s (%s)" % (gid, want["shape"], want["truth"])
        if want["truth"] == "leaked" and not condemned:
            tally.missing("reachability", where, "unreachable")
        elif want["truth"] not in ("leaked", "either") and condemned:
            tally.wrong("reachability", where, "is unreachable")
        else:
            tally.ok("reachability")


# ---- findings

def says_leak(finding):
    """It claims that its goroutines never go on."""
    return (finding["class"] in ("leak", "deadlock")
            and (finding["severity"] == "error" or finding["confidence"] == "proven"))


def is_assumed(capture):
    """No layout of a runtime with this experiment was measured, and without DWARF that
    of another is assumed: nothing is proven then, whatever is unreachable."""
    return capture.case == "leaks-experiment" and "stripped" in capture.place


def compare_findings(capture, tally, findings, marked):
    """marked: who carries the runtime's own mark, which is told, and is no proof."""
    proven = collections.defaultdict(list)
    for f in findings:
        for gid in f["goroutines"]:
            want = capture.of(gid)
            where = "%s: goroutine %d %s (%s)" % (f["rule"], gid, want["shape"], want["truth"])
            if gid in marked and f["confidence"] != "proven":
                tally.ok("finding")
            elif want["truth"] not in ("leaked", "either") and says_leak(f):
                tally.wrong("finding", where, "is %s %s" % (f["severity"], f["confidence"]))
            compare_cause(tally, where, want, f)
        if f["confidence"] == "proven" or is_assumed(capture):
            for gid in f["goroutines"] + f["victims"]:
                proven[gid].append(f)
        compare_costs(capture, tally, f)
    for gid, want in sorted(capture.goroutines.items()):
        if want["truth"] != "leaked":
            continue
        if proven[gid]:
            tally.ok("finding")
        else:
            tally.missing("finding", "goroutine %d %s" % (gid, want["shape"]), "proven")


def compare_cause(tally, where, want, finding):
    cause = finding.get("cause")
    if not want["cause"]:
        return  # several can be meant
    if not cause:
        tally.missing("cause", where, want["cause"], allowed=True)
    elif cause["id"] in want["cause"].split("|"):
        tally.ok("cause")
    else:
        tally.wrong("cause", where, "is %s, not %s" % (cause["id"], want["cause"]))


def compare_costs(capture, tally, finding):
    """Of a finding that is one shape."""
    shapes = {capture.of(gid)["shape"] for gid in finding["goroutines"]}
    if len(shapes) != 1 or finding["confidence"] != "proven":
        return
    want = capture.costs.get(shapes.pop())
    if not want:
        return
    where = "%s %s" % (finding["rule"], want["costs"])
    if finding.get("retained_bytes") is None:
        tally.missing("retained", where, [want["min"], want["max"]])
        return
    got = finding["retained_bytes"] - finding["retained_stack_bytes"]
    if want["min"] <= got <= want["max"]:
        tally.ok("retained")
    else:
        tally.wrong("retained", where, "is %d, not %d to %d" % (got, want["min"], want["max"]))


# ---- the runtime's own finder

def condemned_by_runtime(want):
    return DIFFERENCES.get(want["shape"], want["truth"] == "leaked")


def compare_judged(capture, tally, condemned):
    """condemned: who is, or None: compare the program's words."""
    for gid in sorted(set(capture.goroutines) | capture.judged):
        want = capture.of(gid)
        if want["truth"] == "either":
            continue
        where = "goroutine %d %s (%s)" % (gid, want["shape"], want["truth"])
        theirs = gid in capture.judged
        if theirs != condemned_by_runtime(want):
            tally.wrong("runtime", where, "is %s by the runtime" % (
                "condemned" if theirs else "not condemned"))
        elif condemned is None or want["shape"] in DIFFERENCES or theirs == (gid in condemned):
            tally.ok("runtime")
        else:
            tally.wrong("runtime", where, "is condemned by %s alone" % (
                "the runtime" if theirs else "inquest"))


# ---- totals

def compare_heap(capture, tally, heap):
    """What is there is what the runtime counted, and so is its own record of it."""
    counts = capture.counts
    counted = heap["counted"] or {}
    if capture.case == "leaks-crowd":  # threads that are made later are allocated
        counts = dict(counts, HeapObjects=counted["heap_objects"],
                      HeapAlloc=counted["heap_alloc_bytes"],
                      HeapInuse=counted["heap_inuse_bytes"],
                      StackInuse=counted["stack_inuse_bytes"])
    for what, want, got in (
            ("objects", counts["HeapObjects"], heap["allocated_objects"]),
            ("bytes", counts["HeapAlloc"], heap["allocated_bytes"]),
            ("inuse", counts["HeapInuse"], heap["inuse_bytes"]),
            ("counted.objects", counts["HeapObjects"], counted.get("heap_objects")),
            ("counted.bytes", counts["HeapAlloc"], counted.get("heap_alloc_bytes")),
            ("counted.inuse", counts["HeapInuse"], counted.get("heap_inuse_bytes")),
            ("counted.stack", counts["StackInuse"], counted.get("stack_inuse_bytes")),
            ("counted.next_gc", counts["NextGC"], counted.get("next_gc_bytes")),
            ("counted.num_gc", counts["NumGC"], counted.get("num_gc"))):
        if got is None:
            # Where the pacer's goal is, DWARF alone says.
            tally.missing("heap." + what, "heap", want,
                          what == "counted.next_gc" and "stripped" in capture.place)
        elif got == want:
            tally.ok("heap." + what)
        else:
            tally.wrong("heap." + what, "heap", "is %d, not %d" % (got, want))
    if capture.case == "leaks-garbage" and not heap["garbage_objects"]:
        tally.wrong("heap.garbage", "heap", "is none")


# ---- one core

def lines_of(prog, command, core, exe):
    done = run([prog, command, "--json", core, exe], 120)
    if done.returncode not in (0, 1, 2, 3):
        raise RuntimeError("%s: exit status %d: %s" % (
            command, done.returncode, done.stderr.decode("utf-8", "replace")[-300:]))
    return done.stdout


def compare_core(capture, prog, core, exe):
    tally = Tally()
    goroutines = {g["id"]: g for g in map(json.loads, lines_of(
        prog, "goroutines", core, exe).splitlines())}
    compare_goroutines(capture, tally, goroutines)
    before = "gcore" in core  # the runtime had not looked yet
    compare_findings(capture, tally, json.loads(lines_of(prog, "report", core, exe))["findings"],
                     set() if before and capture.case != "leaks-main" else capture.judged or set())
    # Who looks for leaks allocates: the counts are from before.
    if capture.judged is None or capture.case == "leaks-main" or before:
        compare_heap(capture, tally, json.loads(lines_of(prog, "heap", core, exe)))
    if capture.judged is not None:
        compare_judged(capture, tally, {gid for gid, g in goroutines.items()
                                        if g.get("reachability") == "unreachable"})
    return tally


def one(job):
    args, folder, name = job
    try:
        capture = Capture(folder)
        if args.runtime:
            tally = Tally()
            compare_judged(capture, tally, None)
            return tally
        with tempfile.TemporaryDirectory(prefix="inquest-leaks-") as tmp:
            exe = inflate(executable_of(folder), os.path.join(tmp, "exe"))
            core = inflate(os.path.join(folder, name), os.path.join(tmp, name[:-4]))
            return compare_core(capture, args.inquest, core, exe)
    except Exception as e:  # a capture that cannot be compared has failed
        tally = Tally()
        tally.wrong("capture", folder, "%s: %s" % (type(e).__name__, e))
        return tally


# ---- all

def captures(roots, runtime):
    """(folder, core) for each core of those that say what is true."""
    for root in roots:
        for top, dirs, files in os.walk(root):
            dirs.sort()
            if "truth.zst" not in files:
                continue
            if runtime:
                if "judged.txt.zst" in files:
                    yield os.path.abspath(top), "judged.txt.zst"
                continue
            for name in ("core.zst", "gcore.zst"):
                if name in files:
                    yield os.path.abspath(top), name


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest")
                   or os.path.join(os.path.dirname(TESTDATA), "inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    p.add_argument("-v", action="store_true", help="every difference, not the first ten")
    p.add_argument("--table", action="store_true", help="right, missing and wrong, by fact")
    p.add_argument("--runtime", action="store_true")
    args = p.parse_args()
    for need in ["zstd"] + ([] if args.runtime else [args.inquest]):
        if not shutil.which(need):
            print("skipped: no %s" % need)
            return 77
    todo = [(args, folder, name) for folder, name in captures(args.dirs, args.runtime)]
    failed, total = 0, collections.defaultdict(lambda: [0, 0, 0])
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder, name), tally in zip(todo, pool.map(one, todo)):
            problems = tally.problems
            print("%s/%s: %s" % ("/".join(folder.split("/")[-2:]), name.split(".")[0],
                                 "%d differences" % len(problems) if problems else "same"))
            for problem in problems if args.v else problems[:10]:
                print("    " + problem)
            failed += bool(problems)
            for fact, counts in tally.facts.items():
                total[fact] = [a + b for a, b in zip(total[fact], counts)]
    if args.table:
        print("%-32s %7s %7s %7s" % ("fact", "right", "missing", "wrong"))
        for fact, counts in sorted(total.items()):
            print("%-32s %7d %7d %7d" % ((fact,) + tuple(counts)))
    print("%d passed, %d failed" % (len(todo) - failed, failed))
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
