#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the findings of `inquest report --json` with each case's expect file.

    tests/oracle/verdicts.py [--inquest PROG] [-j N] [--sets SET,...] [DIR...]

The expect files are written from the sources; their form is in testdata/README.md.
Every capture of DIR (testdata by default) is judged by each set of witnesses that it
has: what is expected must be found, and nothing else. A set without a core, and one
that the file does not name, may see fewer, but none that is not expected. Only findings
that can earn a verdict count: severity error or warning, not contradicted. One line a
capture, then "N passed, N failed"; the exit status is 1 if any failed.
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from compare import TESTDATA, base, executable_of

KINDS = ("core", "trace", "profile")
# They hold what waits, and are compared with the texts and their own words.
NOT_JUDGED = ("bin", "zoo", "kinds", "waits", "waits-cgo", "leaks", "leaks-main", "leaks-judged",
              "leaks-experiment", "leaks-garbage", "leaks-crowd")
# What each set is made of: names of files, or the first of several that is there.
SETS = {
    "core": [("core.zst",)],
    "gcore": [("gcore.zst",)],
    "core+text": [("core.zst",), ("sigquit.txt.zst", "crash.txt.zst")],
    "text": [("sigquit.txt.zst", "crash.txt.zst")],
    "dump": [("debug2.txt.zst",)],
    "profile": [("goroutine.pb.gz",)],
    "trace": [("trace.zst",)],
    "core+trace": [("core.zst",), ("trace.zst",)],
    "core+profile": [("core.zst",), ("goroutine.pb.gz",)],
    "trace+profile": [("trace.zst",), ("goroutine.pb.gz",)],
    "core+trace+profile": [("core.zst",), ("trace.zst",), ("goroutine.pb.gz",)],
    "profiles": [("goroutine.[0-9].pb.gz",)],
    "dumps": [("debug2.[0-9].txt.zst",)],
    "core+profiles": [("core.zst",), ("goroutine.[0-9].pb.gz",)],
}


class Expect:
    """What holds for one set of witnesses."""

    def __init__(self):
        self.words, self.findings, self.may, self.foreign = set(), [], set(), []


def keys_of(line):
    return dict((k, a or b) for k, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', line))


def path_of(folder):
    """Beside the captures, or where the sources are."""
    case = os.path.dirname(folder)
    beside = os.path.join(case, "expect")
    if os.path.exists(beside):
        return beside
    return os.path.join(TESTDATA, os.path.basename(case), "expect")


def read_expect(path):
    """({set: Expect}, {set of its own: files}); the set "" stands before any section."""
    sets, own = {"": Expect()}, {}
    now = [sets[""]]
    with open(path) as f:
        for line in f:
            kind, _, rest = line.strip().partition(" ")
            if kind.startswith("["):
                names = line.strip().strip("[]").split()
                now = [sets.setdefault(name, Expect()) for name in names]
            elif kind == "witnesses":
                own[rest.split()[0]] = rest.split()[1:]
            for e in now:
                if kind == "verdict":
                    e.words = set(rest.split("|"))
                elif kind == "finding":
                    e.findings.append((rest.split()[0], keys_of(line)))
                elif kind == "may":
                    e.may.add(rest)
                elif kind == "foreign":
                    e.foreign.append(rest)
    return sets, own


def report(prog, files):
    done = subprocess.run([prog, "report", "--json", *files], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=300)
    if done.returncode != 0:
        raise RuntimeError("exit status %d: %s" % (
            done.returncode, done.stderr.decode("utf-8", "replace").strip()[:300]))
    return json.loads(done.stdout)


def supporters(found):
    return {e["kind"] for e in found["evidence"] if e["stance"] == "supports"}


def agrees(got, found, kinds):
    """Each of the kinds that is among the witnesses supports the finding."""
    there = {w["kind"] for w in got["witnesses"]}
    return set(kinds.split(",")) & there <= supporters(found)


def fits(got, found, rule, keys):
    site = found.get("site") or {}
    reason = found.get("wait_reason") or ""
    return (found["rule"] == rule
            and ("count" not in keys or found["count"] == int(keys["count"]))
            and ("site" not in keys or site.get("function") == keys["site"])
            and ("file" not in keys
                 or "%s:%s" % (base(site.get("file")), site.get("line")) == keys["file"])
            and ("reason" not in keys or not has_reasons(got)
                 or (reason or "syscall") in keys["reason"].split("|"))
            and ("confidence" not in keys or found["confidence"] in keys["confidence"].split("|"))
            and ("agree" not in keys or agrees(got, found, keys["agree"])))


def has_reasons(got):
    """Profiles have no wait reasons, traces have others."""
    return any(w["kind"] in ("core", "dump") for w in got["witnesses"])


def show(found):
    site = found.get("site") or {}
    return "%s count=%s site=%s file=%s:%s reason=%s confidence=%s agree=%s" % (
        found["rule"], found["count"], site.get("function"), base(site.get("file")),
        site.get("line"), found.get("wait_reason"), found["confidence"],
        ",".join(sorted(supporters(found))))


def differences(got, expect, all_expected):
    earned = [f for f in got["findings"]
              if f["severity"] != "note" and f["confidence"] != "contradicted"]
    for f in earned:
        if f["rule"] not in expect.may and not any(fits(got, f, *want)
                                                   for want in expect.findings):
            yield "not expected: " + show(f)
    for path in expect.foreign:
        for w in got["witnesses"]:
            if base(w["path"]) == path and w["same_process"]:
                yield "%s is taken for a witness of the same process" % path
    if not all_expected:
        return
    for rule, keys in expect.findings:
        wanted = [f for f in (got["findings"] if "contradicted" in keys.get("confidence", "")
                              else earned) if fits(got, f, rule, keys)]
        if not wanted:
            yield "not found: %s %s" % (rule, keys)
    if expect.words and got["verdict"]["word"] not in expect.words:
        yield "verdict %s, not %s" % (got["verdict"]["word"], "|".join(sorted(expect.words)))


def files_of(folder, names):
    """The files of one of the SETS, or None if one is missing."""
    files = []
    for alternatives in names:
        for name in alternatives:
            found = sorted(glob.glob(os.path.join(folder, name)))
            if found:
                break
        else:
            return None
        files += found
        if alternatives[0].endswith("core.zst"):
            files.append(executable_of(folder))
    return files


def own_files(folder, names):
    """Those of a set that the expect file makes: GO-FLAVOUR is filled in."""
    flavour = os.path.basename(folder)
    return [executable_of(folder) if n == "exe" else
            os.path.normpath(os.path.join(folder, n.replace("GO-FLAVOUR", flavour)))
            for n in names]


def jobs_of(folder, only):
    """(set, files, Expect, whether all that is expected must be found)"""
    sets, own = read_expect(path_of(folder))
    for name, names in SETS.items():
        files = files_of(folder, names)
        if not files or name in own or only and name not in only:
            continue
        expect = sets.get(name, sets[""])
        whole = name in sets or "core" in name.split("+")
        # gcore was there before the signal: alone it shows no crash.
        if name == "gcore":
            expect = sets.get("gcore") or sets.get("core", sets[""])
            whole = not any(rule.startswith("crash-") for rule, _ in expect.findings)
        yield name, files, expect, whole
    for name, names in own.items():
        if names and (not only or name in only):
            files = own_files(folder, names)
            if all(map(os.path.exists, files)):
                yield name, files, sets[name], True


def one(job):
    prog, folder, only = job
    problems = []
    for name, files, expect, whole in jobs_of(folder, only):
        try:
            problems += ["%s: %s" % (name, d)
                         for d in differences(report(prog, files), expect, whole)]
        except Exception as e:  # a capture that cannot be judged has failed
            problems.append("%s: %s: %s" % (name, type(e).__name__, e))
    return problems


def folders(roots):
    """Those with captures that an expect file judges; of those in NOT_JUDGED none is asserted."""
    for root in roots:
        for top, dirs, files in os.walk(root):
            dirs.sort()
            case = os.path.basename(os.path.dirname(top))
            if (re.match(r"go1\.\d+-", os.path.basename(top)) and case not in NOT_JUDGED
                    and os.path.exists(path_of(top))):
                yield os.path.abspath(top)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    p.add_argument("--sets", help="only these sets of witnesses, comma-separated")
    args = p.parse_args()
    if not args.inquest or not shutil.which(args.inquest):
        print("skipped: no inquest")
        return 77
    only = args.sets.split(",") if args.sets else None
    todo = [(args.inquest, folder, only) for folder in folders(args.dirs)]
    failed = 0
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder, _), problems in zip(todo, pool.map(one, todo)):
            name = "/".join(folder.split("/")[-2:])
            print("%s: %s" % (name, "%d differences" % len(problems) if problems else "same"))
            for problem in problems:
                print("    " + problem)
            failed += bool(problems)
    print("%d passed, %d failed" % (len(todo) - failed, failed))
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
