#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold what inquest says of waiting goroutines against what the program said of itself.

    tests/oracle/waits.py [--inquest PROG] [-j N] [-v] [--table] [DIR...]
    tests/oracle/waits.py --texts [DIR...]     the program's words and the runtime's text

DIR (testdata by default) holds captures with a file want.zst: lines of JSON that the
program wrote before it stood still (testdata/truth), one for each goroutine that waits,
with the keys that `inquest goroutines --json` has in waits_for; for the shapes of
testdata/cycles one for each circle with its edges, and for each goroutine that keeps
others waiting. Of these

- each fact must be what the program said. A fact is *missing* where inquest does not know
  it, which is allowed where UNKNOWABLE says so, and *wrong* where it says another;
- no goroutine waits for an object more or less;
- nobody is named as holder but who has it, and nobody is condemned who goes on;
- `inquest waits --json` has each circle with all its edges and no other, no circle that
  the program does not have, and behind each blocker those who wait for it.

One line a capture, then "N passed, N failed"; --table adds one line a fact.
"""

import argparse
import collections
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import dump
from compare import TESTDATA, executable_of, inflate, text_of

# What no reader can know: kind, fact, before which minor version (99: in all).
UNKNOWABLE = {
    # A stopped timer is in no heap; the channel names it from 1.23 on.
    ("chan", "timer.when_ns"): 23, ("chan", "timer.period_ns"): 23,
    # The number of a call that the dump's signal ended is gone.
    ("cgo", "syscall"): 99,
}
# Who says it and is no fact of the object.
NO_FACTS = {"kind", "op", "address", "holder"}
# The runtime's words for who waits so.
REASONS = {
    ("chan", "send"): r"chan send", ("chan", "receive"): r"chan receive",
    ("nil-chan", "send"): r"chan send \(nil chan\)",
    ("nil-chan", "receive"): r"chan receive \(nil chan\)",
    ("select", None): r"select|select \(no cases\)",
    ("mutex", "lock"): r"sync.Mutex.Lock|semacquire",
    ("rwmutex", "lock"): r"sync.Mutex.Lock|sync.RWMutex.Lock|semacquire",
    ("rwmutex", "rlock"): r"sync.RWMutex.RLock|semacquire",
    ("waitgroup", "wait"): r"sync.WaitGroup.Wait|semacquire",
    ("cond", "wait"): r"sync.Cond.Wait", ("semaphore", "wait"): r"semacquire",
    ("timer", None): r"sleep", ("coroutine", None): r"coroutine",
    ("bubble", None): r"synctest.Wait|synctest.Run",
}


class Capture:
    """The lines of want, by what they are about."""

    def __init__(self, folder):
        self.folder = folder
        self.case, place = folder.rstrip("/").split("/")[-2:]
        self.minor = int(re.match(r"go1\.(\d+)", place)[1])
        lines = [json.loads(l) for l in dump.read_text(os.path.join(folder, "want.zst")).splitlines()]
        self.goroutines = {l["goroutine"]: l for l in lines if "waits" in l}
        self.cycles = [l for l in lines if "cycle" in l]
        self.blockers = [l for l in lines if "blocker" in l]
        self.healthy = [l for l in lines if "healthy" in l]
        self.bubbles = [l for l in lines if "total" in l]
        self.threads = {l["thread"]: l for l in lines if "thread" in l}
        self.process = next((l["process"] for l in lines if "process" in l), {})


class Tally:
    """What was right, missing and wrong, by fact."""

    def __init__(self, silent=False):
        self.facts = collections.defaultdict(lambda: [0, 0, 0])
        self.problems = []
        self.silent = silent  # to say nothing is right

    def ok(self, fact):
        self.facts[fact][0] += 1

    def missing(self, fact, where, want, allowed=False):
        self.facts[fact][1] += 1
        if not allowed and not self.silent:
            self.problems.append("%s: no %s, which is %s" % (where, fact, json.dumps(want)))

    def wrong(self, fact, where, text):
        self.facts[fact][2] += 1
        self.problems.append("%s: %s %s" % (where, fact, text))


# ---- one fact

def equals(key, want, got):
    if want is None or got is None:
        return want is got
    if isinstance(want, dict):
        return isinstance(got, int) and want["min"] <= got <= want["max"]
    if key == "network":  # the address family may be in the word
        return want.startswith(got)
    if key == "function":  # cgo's stub for it
        return re.fullmatch(r"(.*_Cfunc_)?" + re.escape(want), got) is not None
    if key == "fd_kind" and want == "packet":  # or one that was connected
        return got in ("packet", "connection")
    return want == got and isinstance(want, bool) == isinstance(got, bool)


def compare_fact(capture, tally, where, kind, key, want, got):
    fact = "%s.%s" % (kind, key)
    if key == "arguments":
        compare_arguments(tally, where, fact, want, got or [])
    elif key == "timer" and want is not None:
        for k in want:
            compare_fact(capture, tally, where, kind, "timer." + k, want[k], (got or {}).get(k))
    elif got is None and want is not None:
        # An address that is not there prints as "@".
        allowed = capture.minor < UNKNOWABLE.get((kind, key), 0) or want == "@"
        tally.missing(fact, where, want, allowed)
    elif key == "element_type" and capture.minor < 19 and got.startswith("go.shape."):
        tally.missing(fact, where, want, True)  # the type that generic code was made for
    elif equals(key, want, got):
        tally.ok(fact)
    else:
        tally.wrong(fact, where, "is %s, not %s" % (json.dumps(got), json.dumps(want)))


def compare_arguments(tally, where, fact, want, got):
    for i, w in enumerate(want):
        g = got[i] if i < len(got) else None
        if w == "?":
            continue
        if g is None:
            tally.missing(fact, where, w)
        elif g == w:
            tally.ok(fact)
        else:
            tally.wrong(fact, where, "[%d] is %s, not %s" % (i, g, w))


def compare_wait(capture, tally, where, want, got):
    kind = want["kind"]
    if kind == "fd" and want["op"] == "connect":
        got = {k: v for k, v in got.items() if k in want}  # the rest is not decided yet
    for key in sorted(want):
        if key not in NO_FACTS:
            compare_fact(capture, tally, where, kind, key, want[key], got.get(key))


# ---- one goroutine

def place_of(wait):
    return wait.get("op"), wait.get("address")


def fits(want, got):
    """The same kind of object at the same place; a writer behind a writer waits for the
    Mutex within."""
    if want["kind"] == "rwmutex" and want["op"] == "lock" and got["kind"] == "mutex":
        return want["address"] == got.get("address")
    if want["kind"] == "timer":  # it has none
        return got["kind"] == "timer"
    return (want["kind"] == got["kind"] and want.get("op", got.get("op")) == got.get("op")
            and want.get("address", got.get("address")) == got.get("address"))


def compare_goroutine(capture, tally, line, goroutine):
    where = "goroutine %d %s" % (line["goroutine"], line["function"])
    if goroutine is None:
        tally.wrong("goroutine", where, "is not there")
        return
    left = list(goroutine["waits_for"])
    for want in line["waits"]:
        fact = "%s.object" % want["kind"]
        got = next((g for g in left if fits(want, g)), None)
        if got is None:
            same = [g for g in left if g["kind"] == want["kind"] and len(line["waits"]) == 1]
            half = tally.silent and same and None in place_of(same[0])
            if same and same[0].get("address") and want.get("address") and not half:
                tally.wrong(fact, where, "is %s, not %s" % (place_of(same[0]), place_of(want)))
                left.remove(same[0])
            elif same and want.get("op", same[0].get("op")) == same[0].get("op"):
                tally.missing(fact, where, want.get("address"))
                compare_wait(capture, tally, where, want, same[0])
                left.remove(same[0])
            else:
                tally.missing(fact, where, place_of(want))
            continue
        left.remove(got)
        tally.ok(fact)
        if got["kind"] == want["kind"]:
            compare_wait(capture, tally, where, want, got)
    for g in left:
        if g["kind"] in ("none", "select") and not g.get("address"):
            continue  # nothing is said
        if tally.silent and not (g.get("op") and g.get("address")) and any(
                w["kind"] == g["kind"] and w.get("address") == g.get("address", w.get("address"))
                for w in line["waits"]):
            continue  # half of it is said
        tally.wrong("%s.object" % g["kind"], where, "%s is one more" % (place_of(g),))


# ---- circles and blockers

def edge_key(e):
    return e["from"], e["to"], e["kind"], e.get("op") or "?", e.get("address") or "?"


def show(edge):
    return "%d -%s %s %s-> %d" % (edge[0], edge[2], edge[3], edge[4], edge[1])


def compare_cycle(tally, want, cycles):
    where = want["shape"]
    edges = {edge_key(e) for e in want["cycle"]}
    members = sorted({e[0] for e in edges})
    got = next((c for c in cycles if sorted(c["goroutines"]) == members), None)
    if not got:
        tally.missing("cycle", where, members)
        return None
    tally.ok("cycle")
    have = {edge_key(e) for e in got["edges"]}
    for e in sorted(edges - have):
        tally.missing("cycle.edge", where, show(e))
    for e in sorted(have - edges):
        if not (tally.silent and "?" in e):
            tally.wrong("cycle.edge", where, "%s is none" % show(e))
    for _ in edges & have:
        tally.ok("cycle.edge")
    for e in got["edges"]:
        if not e.get("ground") or not (e.get("frame") or e["ground"] == "record"):
            tally.wrong("cycle.evidence", where, "is not there for %s" % show(edge_key(e)))
    return got


def compare_blocker(tally, where, want, got, members):
    if got is None:
        if want["behind"]:
            tally.missing("blocker", where, "%d behind" % len(want["behind"]))
        return
    behind = set(got["behind"]) - members
    if behind == set(want["behind"]) or tally.silent and behind < set(want["behind"]):
        tally.ok("blocker.behind")
    else:
        tally.wrong("blocker.behind", where, "has %d, not %d: %s and not %s" % (
            len(behind), len(want["behind"]), sorted(behind - set(want["behind"])),
            sorted(set(want["behind"]) - behind)))
    goes_on = want.get("goes_on")
    if goes_on is not None:
        if got["goes_on"] == goes_on:
            tally.ok("blocker.goes_on")
        else:
            tally.wrong("blocker.goes_on", where, "is %s" % got["goes_on"])


def compare_graph(capture, tally, graph):
    cycles, blockers = graph["cycles"], graph["blockers"]
    for want in capture.cycles:
        got = compare_cycle(tally, want, cycles)
        if got:
            members = set(got["goroutines"])
            compare_blocker(tally, want["shape"], want, next(
                (b for b in blockers if b["cycle"] == got["id"]), None), members)
    wanted = [sorted({e["from"] for e in c["cycle"]}) for c in capture.cycles]
    for c in cycles:
        if sorted(c["goroutines"]) not in wanted:
            tally.wrong("cycle", "goroutines %s" % c["goroutines"], "is none: %s%s" % (
                "; ".join(show(edge_key(e)) for e in c["edges"]), " (mere)" if c["mere"] else ""))
    for want in capture.blockers:
        compare_blocker(tally, want["shape"], want, next(
            (b for b in blockers if b["goroutine"] == want["blocker"]), None), set())
    behind = {g: b["blocker"] for b in capture.blockers for g in b["behind"]}
    for b in blockers:
        for g in b["behind"]:
            if b["goroutine"] is not None and behind.get(g, b["goroutine"]) != b["goroutine"]:
                tally.wrong("blocker", "goroutine %d" % b["goroutine"], "has %d behind it" % g)


def holders_of(capture):
    """Who may be named as the holder of each object: {(kind, address): {goroutine}}."""
    may = collections.defaultdict(set)
    for line in capture.goroutines.values():
        for w in line["waits"]:
            if w.get("address"):
                may[w["address"]] |= {w["holder"]} if "holder" in w else {1}
                if w["kind"] == "rwmutex" and w["op"] == "lock":
                    may[w["address"]].add(line["goroutine"])  # it has the Mutex within
    for c in capture.cycles:
        for e in c["cycle"]:
            may[e["address"]].add(e["to"])
    for b in capture.blockers:
        for g in b["behind"]:
            may[g].add(b["blocker"])
    return may


def compare_holders(capture, tally, graph):
    may = holders_of(capture)
    for o in graph["objects"]:
        holder = o.get("holder")
        if holder is None or o["kind"] not in ("mutex", "rwmutex", "waitgroup"):
            continue
        if o.get("address") not in may:
            continue
        if holder in may[o["address"]]:
            tally.ok("holder")
        else:
            tally.wrong("holder", "%s %s" % (o["kind"], o["address"]), "is %d, not one of %s" % (
                holder, sorted(may[o["address"]])))


# ---- one capture

class Hang(Exception):
    """A program that used more time than it may."""


def run(args, seconds):
    """Seconds are of the processor's time: a machine that stands still is no hang."""
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        resource.prlimit(p.pid, resource.RLIMIT_CPU, (seconds, seconds))
        try:
            out, err = p.communicate(timeout=20 * seconds)
        except subprocess.TimeoutExpired:
            p.kill()
            raise Hang() from None
    if p.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Hang()
    return subprocess.CompletedProcess(args, p.returncode, out, err)


def goroutines_of(prog, core, exe, seconds):
    done = run([prog, "goroutines", "--json", core, exe], seconds)
    if done.returncode not in (0, 3):
        raise RuntimeError("exit status %d: %s" % (done.returncode, done.stderr[-300:]))
    return {g["id"]: g for g in map(json.loads, done.stdout.splitlines())}


def graph_of(prog, core, exe, seconds):
    """Who waits for whom, or None and why not."""
    done = run([prog, "waits", "--json", core, exe], seconds)
    if done.returncode not in (0, 1, 3):
        return None, "exit status %d: %s" % (done.returncode, done.stderr[-300:])
    graph = json.loads(done.stdout)
    return (graph, None) if "cycles" in graph else (None, "no circles in the JSON")


def compare(capture, prog):
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="inquest-waits-") as tmp:
        exe = inflate(executable_of(capture.folder), os.path.join(tmp, "exe"))
        core = inflate(os.path.join(capture.folder, "core.zst"), os.path.join(tmp, "core"))
        compare_files(capture, tally, prog, core, exe, 120)
    return tally


def compare_files(capture, tally, prog, core, exe, seconds):
    goroutines = goroutines_of(prog, core, exe, seconds)
    graph, why = graph_of(prog, core, exe, seconds)
    for gid, line in sorted(capture.goroutines.items()):
        compare_goroutine(capture, tally, line, goroutines.get(gid))
    compare_edges(capture, tally, goroutines)
    compare_threads(capture, tally, goroutines)
    compare_bubbles(capture, tally, goroutines)
    compare_lost(capture, tally, goroutines)
    if graph is None:
        tally.wrong("graph", "waits", why)
        return
    compare_graph(capture, tally, graph)
    compare_holders(capture, tally, graph)
    compare_process(capture, tally, graph)


def compare_process(capture, tally, graph):
    """The highest descriptor that is seen is one that was there; the limit is in no
    core unless the runtime raised it."""
    if not capture.process:
        return
    limit, highest = graph.get("fd_limit"), graph.get("highest_fd")
    if limit is not None:
        compare_fact(capture, tally, "process", "process", "fd_limit",
                     capture.process["fd_limit"], limit)
    known = max(w["fd"] for l in capture.goroutines.values() for w in l["waits"] if w.get("fd"))
    if highest is None:
        tally.missing("process.highest_fd", "process", known)
    elif known <= highest <= capture.process["highest_fd"]:
        tally.ok("process.highest_fd")
    else:
        tally.wrong("process.highest_fd", "process", "is %d, not %d to %d" % (
            highest, known, capture.process["highest_fd"]))


def compare_edges(capture, tally, goroutines):
    """The goroutine of an edge waits for this object, whoever could give it."""
    want = collections.defaultdict(set)
    for c in capture.cycles:
        for e in c["cycle"]:
            want[e["from"]].add((e["kind"], e["op"], e["address"]))
    for gid, edges in sorted(want.items()):
        got = goroutines[gid]["waits_for"] if gid in goroutines else []
        for kind, op, address in sorted(edges):
            if any(fits({"kind": kind, "op": op, "address": address}, w) for w in got):
                tally.ok("%s.object" % kind)
            else:
                tally.missing("%s.object" % kind, "goroutine %d" % gid, address)
        for w in got:
            if w.get("address") and w["address"] not in [e[2] for e in edges]:
                tally.wrong("%s.object" % w["kind"], "goroutine %d" % gid, "is %s, not one of %s" % (
                    place_of(w), sorted(edges)))


def compare_lost(capture, tally, goroutines):
    """Nobody is condemned but who is in a circle, or behind one or one who never goes on."""
    if not capture.case.startswith("cycles"):
        return  # not told: of the objects nobody else keeps most
    lost = set()
    for c in capture.cycles:
        lost |= {e["from"] for e in c["cycle"]} | set(c["behind"])
    for b in capture.blockers:
        if b["goes_on"] is False:
            lost |= {b["blocker"]} | set(b["behind"])
    for gid, g in sorted(goroutines.items()):
        if g.get("reachability") != "unreachable":
            continue
        if gid in lost:
            tally.ok("reachability")
        else:
            tally.wrong("reachability", "goroutine %d" % gid, "is unreachable")


def compare_threads(capture, tally, goroutines):
    """What the kernel said of the call that a goroutine's thread is in."""
    for g in goroutines.values():
        want = capture.threads.get(g["thread"])
        for w in g["waits_for"] if want and g["id"] in capture.goroutines else []:
            if w["kind"] not in ("syscall", "cgo") or w.get("number") is None:
                continue
            where = "goroutine %d on thread %d" % (g["id"], g["thread"])
            if w["number"] != want["number"]:
                tally.wrong("thread.number", where, "is %s, not %d" % (w["number"], want["number"]))
                continue
            have = w.get("arguments") or []
            if have == want["arguments"][:len(have)]:
                tally.ok("thread.call")
            else:
                tally.wrong("thread.arguments", where, "are %s, not %s" % (
                    have, want["arguments"]))


def compare_bubbles(capture, tally, goroutines):
    """Who is in the bubble that a goroutine waits in; the runtime's text numbers them."""
    if not capture.bubbles:
        return
    text = dump.read_text(text_of(capture.folder))
    number = {int(m[1]): int(m[2]) for m in re.finditer(
        r"^goroutine (\d+) .*synctest bubble (\d+)\]:", text, re.M)}
    want = {b["bubble"]: b for b in capture.bubbles}
    for g in goroutines.values():
        for w in g["waits_for"] if g["id"] in number else []:
            if w["kind"] == "bubble":
                for key in ("total", "running"):
                    compare_fact(capture, tally, "goroutine %d" % g["id"], "bubble", key,
                                 want[number[g["id"]]][key], w.get(key))


# ---- the program's words and the runtime's

def reason_of(want, waits):
    if want["kind"] == "fd":
        return "IO wait"
    if want["kind"] in ("syscall", "cgo"):
        return None
    if want["kind"] == "chan" and len(waits) > 1:
        return "select"
    return REASONS.get((want["kind"], want.get("op")))


def compare_texts(capture):
    tally = Tally()
    texts = dump.parse(dump.read_text(text_of(capture.folder)))
    for gid, line in sorted(capture.goroutines.items()):
        where = "goroutine %d %s" % (gid, line["function"])
        g = texts.get(gid)
        if g is None:
            tally.wrong("text", where, "is not there")
            continue
        if g.frames and re.sub(r"\[.*\]", "[...]", line["function"]) not in [
                f["function"] for f in g.frames]:
            tally.wrong("text", where, "stands elsewhere: %s" % [f["function"] for f in g.frames])
        for want in line["waits"]:
            reason = reason_of(want, line["waits"])
            said = re.sub(r" \(durable\)$", "", g.wait_reason or "")
            if reason is None and g.status != "syscall" and want["kind"] != "cgo":
                tally.wrong("text", where, "is %s" % g.status)
            elif reason is not None and not re.fullmatch(reason + "|select", said):
                tally.wrong("text", where, "waits with %r for %s" % (g.wait_reason, want["kind"]))
            else:
                tally.ok("text")
    for c in capture.cycles + capture.blockers:
        ids = [e["from"] for e in c.get("cycle", [])] + c.get("behind", [])
        for gid in ids:
            g = texts.get(gid)
            if g is None or g.status != "waiting":
                tally.wrong("text", c["shape"], "goroutine %d is %s" % (gid, g and g.status))
            else:
                tally.ok("text")
    return tally


# ---- all

def captures(roots):
    for root in roots:
        for top, dirs, files in os.walk(root):
            dirs.sort()
            if "want.zst" in files and "core.zst" in files:
                yield os.path.abspath(top)


def one(job):
    args, folder = job
    try:
        capture = Capture(folder)
        return compare_texts(capture) if args.texts else compare(capture, args.inquest)
    except Exception as e:  # a capture that cannot be compared has failed
        tally = Tally()
        tally.wrong("capture", folder, "%s: %s" % (type(e).__name__, e))
        return tally


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest")
                   or os.path.join(os.path.dirname(TESTDATA), "inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    p.add_argument("-v", action="store_true", help="every difference, not the first ten")
    p.add_argument("--table", action="store_true", help="right, missing and wrong, by fact")
    p.add_argument("--texts", action="store_true")
    args = p.parse_args()
    for need in ["zstd"] + ([] if args.texts else [args.inquest]):
        if not shutil.which(need):
            print("skipped: no %s" % need)
            return 77
    todo = [(args, folder) for folder in captures(args.dirs)]
    failed, total = 0, collections.defaultdict(lambda: [0, 0, 0])
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder), tally in zip(todo, pool.map(one, todo)):
            problems = tally.problems
            print("%s: %s" % ("/".join(folder.split("/")[-2:]),
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
