#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold the scene of each crash of the casebook against what the program said of it.

    tests/oracle/casebook.py [--inquest PROG] [-j N] [--cases a,b] [DIR...]

DIR (testdata/casebook/cores by default) has folders GO-FLAVOUR with CASE.core.zst,
CASE.txt.zst and the executables. Of each case, for the core with its executable and for
the text alone:
  - the first line of the report names the cause, the function and the line that the
    source marks with "// want CASE: CAUSE in FUNCTION", and the goroutine;
  - of the core every value that the program printed ("want KEY VALUE"), and what the
    runtime's text says (message, signal, address), stands in process.crash.
One line a case, then "N passed, N failed"; the exit status is 1 if any failed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = [os.path.join(ROOT, "testdata", d) for d in ("casebook", "casebook-c")]
# What the runtime calls its own end without a fault, and what is no crash at all.
NO_CRASH = {"signal-abrt"}
# The runtime prints nothing where a thread of C's own faults; another's are not words
# about the cause.
NO_TEXT = {"c-thread"}


def markers():
    """{case: [(cause, function or None, "file:line")]}"""
    found = {}
    for folder in SOURCES:
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".go"):
                continue
            with open(os.path.join(folder, name)) as f:
                for number, line in enumerate(f, 1):
                    m = re.search(r"// want ([a-z0-9,-]+): (.*?)(?: in (\S+))?$", line.rstrip())
                    for case in m[1].split(",") if m else []:
                        found.setdefault(case, []).append(
                            (m[2], m[3], "%s:%d" % (name, number)))
    return found


MARKERS = markers()


def program_of(case):
    return {"checkptr": "casebook-checkptr"}.get(
        case, "casebook-c" if case.startswith("c-") else "casebook")


class Text:
    """What stderr holds: the program's own words, and the runtime's."""

    def __init__(self, text):
        self.text = text
        self.want = []
        for line in text.splitlines():
            m = re.match(r"want (\S+) ?(.*)$", line)
            if m:
                self.want.append((m[1], m[2]))
        self.panics = re.findall(r"^(?:\t|)panic: (.*)$", text, re.M)
        m = re.search(r"^fatal error: (.*)$", text, re.M)
        self.fatal = m[1] if m else None
        m = re.search(r"^\[signal (SIG[A-Z]+).*?code=0x([0-9a-f]+) addr=(0x[0-9a-f]+)", text, re.M)
        self.fault = (m[1], int(m[2], 16), m[3]) if m else None

    def all(self, key):
        return [v for k, v in self.want if k == key]

    def one(self, key):
        return (self.all(key) or [None])[0]


def inflate(path):
    return subprocess.run(["zstd", "-qdcf", path], stdout=subprocess.PIPE, check=True).stdout


def run(prog, *args):
    done = subprocess.run([prog, "report", "--no-file-system", *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=300)
    if done.returncode:
        raise RuntimeError("exit status %d: %s" % (
            done.returncode, done.stderr.decode("utf-8", "replace").strip()[:300]))
    return done.stdout.decode("utf-8", "replace")


def first_line(prog, files):
    return run(prog, "--width", "400", *files).splitlines()[0]


def line_problems(line, case, text, stripped):
    """The verdict: "CRASH  CAUSE in FUNCTION FILE:LINE, goroutine N"."""
    if case in NO_CRASH:
        if line.startswith("CRASH"):
            yield "a crash, where there was none: " + line
        return
    wanted = MARKERS.get(case, [])
    if not re.match(r"(CRASH|DEADLOCK)  ", line):
        yield "no crash: " + line
    words = line.split("  ", 1)[-1]
    for cause, function, place in wanted:
        # Of C there are names, and lines only with debug information.
        where = "%s %s" % (function, place) if "." in (function or "") else function
        if words.startswith(cause) and (not function or " in " + where in words
                                        or stripped and where == function):
            break
    else:
        if wanted:
            yield "the first line is %r, not one of %r" % (line, wanted)
        elif case != "asleep-goexit":
            yield "no marker for " + case
    goroutine = text.one("goroutine")
    if goroutine and not re.search(r", goroutine %s\b" % goroutine, words):
        yield "the first line does not name goroutine %s: %r" % (goroutine, line)


def number(s):
    return int(s, 16) if s else None


def fault_problems(crash, text, full):
    fault = text.one("fault")
    # Up to Go 1.21 the text of a signal in C has no address.
    if not full and not re.search(r"\baddr=", text.text):
        fault = None
    if fault and number(crash.get("fault_address")) != number(fault):
        yield "fault address %s, not %s" % (crash.get("fault_address"), fault)
    name = text.one("signal")
    if name and crash.get("signal") != name:
        yield "signal %s, not %s" % (crash.get("signal"), name)
    if text.fault:
        name, code, addr = text.fault
        if crash.get("signal") != name:
            yield "signal %s, not the text's %s" % (crash.get("signal"), name)
        if crash.get("signal_code") not in (code, None):
            yield "signal code %s, not the text's %s" % (crash.get("signal_code"), code)
        if code < 0x80 and number(crash.get("fault_address")) != number(addr):
            yield "fault address %s, not the text's %s" % (crash.get("fault_address"), addr)


def strip_panic(text):
    return re.sub(r" \[recovered(, repanicked)?\]$", "", text)


def chain_of(panics):
    """The newest first; what was raised again as it was, once."""
    real = [p for p in panics if not p["goexit"]]
    return [p for i, p in enumerate(real)
            if not (i + 1 < len(real) and real[i + 1]["repanicked"])]


def panic_problems(crash, text, full):
    """Chain and values; texts and the runtime's own words are newest last."""
    chain = chain_of(crash["panics"])
    got = [(p["type"], p["text"]) for p in chain]
    wanted = [v.partition(" ") for v in text.all("panic")]
    for i, (kind, _, words) in enumerate(wanted):
        if i >= len(chain):
            yield "panic %d of %s is missing: %r" % (i, v_of(wanted), got)
            break
        if full and chain[i]["type"] != kind:
            yield "panic %d is a %s, not a %s" % (i, chain[i]["type"], kind)
        if words and chain[i]["text"] != words and words not in (chain[i]["text"] or ""):
            yield "panic %d says %r, not %r" % (i, chain[i]["text"], words)
    for v in text.all("recovered"):
        kind, _, words = v.partition(" ")
        if not any(p["recovered"] and p["text"] == words for p in chain):
            yield "no recovered panic %r: %r" % (words, got)
    if text.one("goexit") and full and not any(p["goexit"] for p in crash["panics"]):
        yield "runtime.Goexit is not in the chain"
    if text.panics and full and crash["kind"] == "panic":
        said = [strip_panic(p) for p in text.panics]
        have = [(p["text"] or "").split("\n")[0] for p in chain]
        if said[-1] not in have:
            yield "the runtime said %r, the panics %r" % (said[-1], have)


def v_of(wanted):
    return [w[0] + " " + w[2] for w in wanted]


def values_of(crash):
    """(name, text) of whatever the page shows."""
    for o in crash["objects"]:
        for v in o["values"]:
            yield v["name"], v["text"]
    for p in crash["panics"]:
        for v in p["fields"]:
            yield v["name"], v["text"]


def object_problems(crash, text):
    for v in text.all("object"):
        what, _, addr = v.partition(" ")
        if not any(o["what"].split(" ")[0] == what and number(o["address"]) == number(addr)
                   for o in crash["objects"]):
            yield "no %s %s among the objects %r" % (
                what, addr, [(o["what"], o["address"]) for o in crash["objects"]])
    have = set(values_of(crash))
    for key in ("value", "field"):
        for v in text.all(key):
            name, _, value = v.partition(" ")
            if (name, value) not in have:
                yield "%s %s is not %s: %r" % (key, name, value,
                                               sorted(x for x in have if x[0] == name))
    referrers = {r["goroutine"] for o in crash["objects"] for r in o["referrers"]}
    for v in text.all("referrer"):
        if int(v) not in referrers:
            yield "goroutine %s does not refer to the object: %r" % (v, sorted(referrers))
    defers = text.one("defers")
    if defers and len([d for d in crash["defers"] if not d["running"]]) != int(defers):
        yield "%d deferred calls, not %s" % (len(crash["defers"]), defers)


def words_problems(crash, text):
    for v in text.all("text"):
        if v not in (crash["text"] or ""):
            yield "the text is %r, not %r" % (crash["text"], v)
    if text.fatal and not text.panics and crash["text"] != text.fatal:
        yield "the text is %r, not the runtime's %r" % (crash["text"], text.fatal)


def page_problems(crash, text, full):
    """@full: of a core."""
    yield from fault_problems(crash, text, full)
    yield from words_problems(crash, text)
    yield from panic_problems(crash, text, full)
    if full:
        yield from object_problems(crash, text)
        goroutine = text.one("goroutine")
        if goroutine and crash["goroutine"] != int(goroutine) and crash["cause"] != "all-asleep":
            yield "goroutine %s, not %s" % (crash["goroutine"], goroutine)


def thread_problems(prog, files, stripped):
    """A thread of C that a signal hit: its own stack, and no goroutine's."""
    done = subprocess.run([prog, "bt", "-T", "--json", "--no-file-system", *files],
                          stdout=subprocess.PIPE, check=True, timeout=300)
    thread = json.loads(done.stdout.splitlines()[0])
    if not thread["foreign"] or thread["goroutine"] is not None:
        yield "thread %d is taken for the runtime's" % thread["tid"]
    functions = [f["function"] for f in thread["frames"]]
    if "runtime.badsignal" not in functions:
        yield "its stack is %s" % functions
    if not stripped and "c_store" not in functions:
        yield "c_store is not on the stack: %s" % functions


def scene_problems(prog, files, case, text, full):
    yield from line_problems(first_line(prog, files), case, text, "stripped" in files[0])
    if case in NO_TEXT:
        yield from thread_problems(prog, files, "stripped" in files[0])
    if case in NO_CRASH:
        return
    crash = json.loads(run(prog, "--show-values", "--json", *files))["process"]["crash"]
    if "cause" not in crash:
        yield "no cause"
        return
    yield from page_problems(crash, text, full)


def one(job):
    prog, folder, case = job
    problems = []
    try:
        raw = inflate(os.path.join(folder, case + ".txt.zst"))
        text = Text(raw.decode("utf-8", "replace"))
        exe = os.path.join(folder, program_of(case) + ".zst")
        core = os.path.join(folder, case + ".core.zst")
        if os.path.exists(core):
            problems += ["core: " + p
                         for p in scene_problems(prog, [core, exe], case, text, True)]
        if case not in NO_TEXT:
            with tempfile.NamedTemporaryFile(suffix=".txt") as f:
                f.write(raw)
                f.flush()
                problems += ["text: " + p
                             for p in scene_problems(prog, [f.name], case, text, False)]
    except Exception as e:  # a case that cannot be judged has failed
        problems.append("%s: %s" % (type(e).__name__, e))
    return problems


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[os.path.join(SOURCES[0], "cores")])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    p.add_argument("--cases", help="only these, comma-separated")
    args = p.parse_args()
    if not args.inquest or not shutil.which(args.inquest):
        print("skipped: no inquest")
        return 77
    only = args.cases.split(",") if args.cases else None
    todo = []
    for root in args.dirs:
        for top, dirs, files in os.walk(root):
            dirs.sort()
            for name in sorted(files):
                case = name[:-len(".txt.zst")]
                if name.endswith(".txt.zst") and (not only or case in only):
                    todo.append((args.inquest, top, case))
    failed = 0
    with ThreadPoolExecutor(args.j) as pool:
        for (_, top, case), problems in zip(todo, pool.map(one, todo)):
            print("%s %s: %s" % (os.path.basename(top), case,
                                 "%d differences" % len(problems) if problems else "same"))
            for problem in problems:
                print("    " + problem)
            failed += bool(problems)
    print("%d passed, %d failed" % (len(todo) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
