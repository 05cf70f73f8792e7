#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the findings of `inquest report --json` with each case's expect file.

    tests/oracle/verdicts.py [--inquest PROG] [-j N] [DIR...]

The expect files are written from the sources (testdata/README.md). For each core of
DIR (testdata by default): the findings of core and executable, and of these with
the text of the same moment, must be those expected and no other; the text alone
may see fewer, but none that is not expected. Only findings that can earn a verdict
count: severity error or warning, not contradicted. One line a capture, then "N
passed, N failed"; the exit status is 1 if any failed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from compare import TESTDATA, base, captures, executable_of, text_of


def expect_of(folder):
    """Beside the captures, or where the sources are."""
    case = os.path.dirname(folder)
    beside = os.path.join(case, "expect")
    if os.path.exists(beside):
        return beside
    return os.path.join(TESTDATA, os.path.basename(case), "expect")


def read_expect(folder):
    """(words of the verdict, findings as (rule, keys), rules that may be there)"""
    words, findings, may = set(), [], set()
    with open(expect_of(folder)) as f:
        for line in f:
            keys = dict((k, a or b) for k, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', line))
            kind, _, rest = line.partition(" ")
            if kind == "verdict":
                words = set(rest.strip().split("|"))
            elif kind == "finding":
                findings.append((rest.split()[0], keys))
            elif kind == "may":
                may.add(rest.strip())
    return words, findings, may


def report(prog, files):
    done = subprocess.run([prog, "report", "--json", *files], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=300)
    if done.returncode != 0:
        raise RuntimeError("exit status %d: %s" % (
            done.returncode, done.stderr.decode("utf-8", "replace").strip()[:300]))
    return json.loads(done.stdout)


def fits(found, rule, keys):
    site = found.get("site") or {}
    reason = found.get("wait_reason") or "syscall"
    return (found["rule"] == rule
            and ("count" not in keys or found["count"] == int(keys["count"]))
            and ("site" not in keys or site.get("function") == keys["site"])
            and ("file" not in keys
                 or "%s:%s" % (base(site.get("file")), site.get("line")) == keys["file"])
            and ("reason" not in keys or reason in keys["reason"].split("|")))


def show(found):
    site = found.get("site") or {}
    return "%s count=%s site=%s file=%s:%s reason=%s" % (
        found["rule"], found["count"], site.get("function"), base(site.get("file")),
        site.get("line"), found.get("wait_reason"))


def differences(got, expect, all_expected):
    words, findings, may = expect
    earned = [f for f in got["findings"]
              if f["severity"] != "note" and f["confidence"] != "contradicted"]
    for f in earned:
        if f["rule"] not in may and not any(fits(f, *want) for want in findings):
            yield "not expected: " + show(f)
    if not all_expected:
        return
    for rule, keys in findings:
        if not any(fits(f, rule, keys) for f in earned):
            yield "not found: %s %s" % (rule, keys)
    if got["verdict"]["word"] not in words:
        yield "verdict %s, not %s" % (got["verdict"]["word"], "|".join(sorted(words)))


def one(job):
    prog, folder, core = job
    expect = read_expect(folder)
    if os.path.basename(os.path.dirname(folder)) == "zoo":
        return []  # no verdict is asserted of it
    # gcore was there before the signal: alone it shows no crash.
    ended = core == "core.zst" or not any(rule.startswith("crash-") for rule, _ in expect[1])
    core, exe, text = os.path.join(folder, core), executable_of(folder), text_of(folder)
    problems = []
    for name, files, whole in (("core", [core, exe], ended),
                               ("core + text", [core, exe, text], True),
                               ("text", [text], False)):
        try:
            problems += ["%s: %s" % (name, d)
                         for d in differences(report(prog, files), expect, whole)]
        except Exception as e:  # a capture that cannot be judged has failed
            problems.append("%s: %s: %s" % (name, type(e).__name__, e))
    return problems


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    args = p.parse_args()
    if not args.inquest or not shutil.which(args.inquest):
        print("skipped: no inquest")
        return 77
    todo = [(args.inquest, os.path.abspath(folder), core) for folder, core in captures(args.dirs)]
    failed = 0
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder, core), problems in zip(todo, pool.map(one, todo)):
            name = "/".join(folder.split("/")[-2:]) + "/" + core
            print("%s: %s" % (name, "%d differences" % len(problems) if problems else "same"))
            for problem in problems:
                print("    " + problem)
            failed += bool(problems)
    print("%d passed, %d failed" % (len(todo) - failed, failed))
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
