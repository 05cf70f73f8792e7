#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare `inquest trace --json FILE` with what Go's own reader of traces says.

    tests/oracle/traces.py [--inquest PROG] [--oracle PROG] [-v] FILE|DIR...
    tests/oracle/traces.py [--inquest PROG] --stored [DIR]
    tests/oracle/traces.py [--oracle PROG] --store FILE...

A DIR (testdata by default) is searched for trace.zst, *.trace and *.trace.zst.
The oracle is tests/oracle/trace, which is built with Go where --oracle does not
name one. --stored compares with the answers that --store has written beside the
traces (NAME.trace.zst, NAME.json.xz), and needs no Go. One line a trace,
"name: same" or "name: N differences", what follows indented.

What must be equal, to the nanosecond: kinds of events and how many, the window,
generations, threads, processors, every goroutine's times in states, waits by
reason, creation, end, last state; ranges, tasks, regions, logs; waits by reason
and stack, latencies, the number of wakes, the lives of some goroutines. Where Go's
reader rejects the trace, inquest must say that it is not complete and what is
wrong, or refuse it with exit status 2. Names of goroutines are compared where
both know one: Go's reader drops some that the trace has.
"""

import argparse
import glob
import hashlib
import json
import lzma
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TESTDATA = os.path.join(TOP, "testdata")
# Differences that are shown of one trace.
MAX_SHOWN = 12

EQUAL = ("go_version", "format", "events", "event_kinds", "start_ns", "end_ns", "generations",
         "goroutines_seen", "threads_seen", "procs_seen", "tasks", "logs")
TIMES = ("created_ns", "ended_ns", "creator", "running_ns", "runnable_ns", "waiting_ns",
         "syscall_ns", "blocked", "last_state", "last_reason", "last_change_ns")


def unpack(path):
    with open(path, "rb") as f:
        data = f.read()
    if data[:4] == b"\x28\xb5\x2f\xfd":
        data = subprocess.run(["zstd", "-qdc"], input=data, stdout=subprocess.PIPE,
                              check=True).stdout
    return data


def run_inquest(program, path, *options):
    """The object, or None and what was said if there is none."""
    p = subprocess.run([program, "trace", "--json", *options, path], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    said = p.stderr.decode("utf-8", "replace").strip()
    if p.returncode == 2:
        return None, said
    if p.returncode != 0:
        raise ValueError("inquest: exit status %d: %s" % (p.returncode, said))
    return json.loads(p.stdout), said


def build_oracle(folder):
    program = os.path.join(folder, "trace-oracle")
    subprocess.run(["go", "build", "-o", program, "."], cwd=os.path.join(HERE, "trace"),
                   check=True)
    return program


def run_oracle(program, path, *options):
    with tempfile.NamedTemporaryFile(suffix=".trace") as f:
        f.write(unpack(path))
        f.flush()
        p = subprocess.run([program, *options, f.name], stdout=subprocess.PIPE, check=True)
    return json.loads(p.stdout)


def brief(x):
    text = json.dumps(x, ensure_ascii=False)
    return text if len(text) <= 100 else text[:97] + "..."


def differ(where, ours, theirs):
    return "%s: %s, Go's reader: %s" % (where, brief(ours), brief(theirs))


def compare_maps(where, ours, theirs):
    for key in sorted(set(ours) | set(theirs), key=str):
        if ours.get(key) != theirs.get(key):
            yield differ("%s %s" % (where, key), ours.get(key), theirs.get(key))


def by(key, items):
    return {x[key]: x for x in items}


def compare_goroutines(ours, theirs):
    ours, theirs = by("id", ours), by("id", theirs)
    for gid in sorted(set(ours) | set(theirs)):
        a, b = ours.get(gid), theirs.get(gid)
        if a is None or b is None:
            yield "goroutine %d: %s" % (gid, "missing" if a is None else "not in the trace")
            continue
        for key in TIMES:
            if a[key] != b[key]:
                yield differ("goroutine %d %s" % (gid, key), a[key], b[key])
        unknown = a["name"] is None and b["created_ns"] is None
        if b["name"] is not None and not unknown and a["name"] != b["name"]:
            yield differ("goroutine %d name" % gid, a["name"], b["name"])


def named(items):
    return {x["name"]: {k: x[k] for k in ("count", "total_ns")} for x in items}


def stack_key(frames):
    """As the oracle's stackKey() makes it."""
    text = "".join("%s %s:%d\n" % (f["function"] or "", f["file"] or "", f["line"] or 0)
                   for f in frames)
    return hashlib.sha1(text.encode("utf-8")).hexdigest()[:12] if frames else ""


def sites(items, key):
    """By reason and stack; stacks that differ in their pcs alone are one."""
    ret = {}
    for x in items:
        at = ret.setdefault("%s at %s" % (x["reason"], key(x)),
                            {"count": 0, "open": 0, "total_ns": 0, "longest_ns": 0})
        for k in ("count", "open", "total_ns"):
            at[k] += x[k]
        at["longest_ns"] = max(at["longest_ns"], x["longest_ns"])
    return ret


def compare_more(ours, theirs):
    yield from compare_maps("waits", sites(ours["sites"], lambda x: stack_key(x["frames"])),
                            sites(theirs["sites"], lambda x: x["stack"]))
    for key, b in sorted(theirs["latency"].items()):
        a = ours["latency"][key]
        if {k: a[k] for k in b} != b:
            yield differ("latency %s" % key, a, b)
        if sum(a["buckets"]) != a["count"]:
            yield "latency %s: %d in the buckets, not %d" % (key, sum(a["buckets"]), a["count"])
    wakes = sum(x["count"] for x in ours["wakes"])
    if wakes != theirs["num_wakes"]:
        yield differ("wakes", wakes, theirs["num_wakes"])


def compare_life(args, path, gid):
    ours, _ = run_inquest(args.inquest, path, "--of", str(gid))
    theirs = run_oracle(args.oracle, path, "-of", str(gid))
    ours = [dict(x, stack=stack_key(x["frames"])) for x in ours["of"]["spans"]]
    for x in ours:
        del x["frames"]
    for i, b in enumerate(theirs["spans"]):
        a = ours[i] if i < len(ours) else None
        if a != b:
            yield differ("goroutine %d, span %d" % (gid, i), a, b)
    if len(ours) > len(theirs["spans"]):
        yield differ("goroutine %d, spans" % gid, len(ours), len(theirs["spans"]))


def lives(theirs):
    """Goroutines whose life is compared: the busiest, the last, the first."""
    def busy(g):
        return sum(b["count"] for b in g["blocked"])
    gs = theirs["goroutines"]
    return {g["id"] for g in gs[:1] + gs[-1:] + sorted(gs, key=busy)[-2:]} - {0}


def compare(ours, theirs):
    """Differences, a line each."""
    for key in EQUAL:
        if key == "event_kinds":
            yield from compare_maps("events", ours[key], theirs[key])
        elif ours[key] != theirs[key]:
            yield differ(key, ours[key], theirs[key])
    yield from compare_goroutines(ours["goroutines"], theirs["goroutines"])
    for key in ("ranges", "regions"):
        yield from compare_maps(key, named(ours[key]), named(theirs[key]))
    yield from compare_more(ours, theirs)
    if not ours["complete"]:
        yield differ("complete", ours["problems"], True)


def compare_rejected(ours, theirs, said):
    if ours is None:
        if not said:
            yield "refused without a word"
    elif ours["complete"]:
        yield differ("complete", ours["complete"], theirs["error"])
    elif not any("offset" in x for x in ours["problems"]):
        yield "no problem has a place: %s" % brief(ours["problems"])


def differences(ours, theirs, said):
    if not theirs["complete"]:
        return list(compare_rejected(ours, theirs, said))
    if ours is None:
        return ["refused: %s" % said]
    return list(compare(ours, theirs))


def traces(paths):
    ret = []
    for path in paths:
        if not os.path.isdir(path):
            ret.append(path)
            continue
        for pattern in ("**/trace.zst", "**/*.trace", "**/*.trace.zst"):
            ret += glob.glob(os.path.join(path, pattern), recursive=True)
    return sorted(set(ret))


def stored_path(path):
    return path[:path.rindex(".trace")] + ".json.xz"


def store(args):
    for path in args.paths:
        answer = run_oracle(args.oracle, path)
        del answer["path"]
        text = json.dumps(answer, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        with open(stored_path(path), "wb") as f:
            f.write(lzma.compress(text.encode("utf-8")))


def expected(args, path):
    if args.stored:
        with lzma.open(stored_path(path)) as f:
            return json.load(f)
    return run_oracle(args.oracle, path)


def check(args, path):
    name = os.path.relpath(path, args.root) if args.root else os.path.basename(path)
    try:
        theirs = expected(args, path)
        ours, said = run_inquest(args.inquest, path)
        found = differences(ours, theirs, said)
        if theirs["complete"] and ours and not args.stored:
            for gid in sorted(lives(theirs)):
                found += compare_life(args, path, gid)
    except (ValueError, KeyError, OSError, subprocess.CalledProcessError) as e:
        found = [str(e) or repr(e)]
    if not found:
        print("%s: same%s" % (name, "" if theirs["complete"] else " (rejected)"), flush=True)
        return True
    print("%s: %d differences" % (name, len(found)), flush=True)
    for line in found if args.verbose else found[:MAX_SHOWN]:
        print("    " + line)
    return False


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--inquest", default=os.path.join(TOP, "build", "inquest"))
    p.add_argument("--oracle")
    p.add_argument("--stored", action="store_true")
    p.add_argument("--store", action="store_true")
    p.add_argument("-v", "--verbose", action="store_true")
    p.add_argument("paths", nargs="*")
    return p.parse_args()


def main():
    args = parse()
    args.paths = args.paths or [TESTDATA]
    args.root = args.paths[0] if os.path.isdir(args.paths[0]) else None
    folder = tempfile.mkdtemp()
    try:
        if not args.stored and not args.oracle:
            args.oracle = build_oracle(folder)
        if args.store:
            store(args)
            return 0
        paths = traces(args.paths)
        if args.stored:
            paths = [x for x in paths if ".trace" in os.path.basename(x) and
                     os.path.exists(stored_path(x))]
        passed = sum([check(args, path) for path in paths])
        print("%d passed, %d failed" % (passed, len(paths) - passed))
        return 0 if passed == len(paths) else 1
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
