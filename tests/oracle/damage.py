#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A damaged core says less than the whole one; only damaged words themselves lie.

    tests/oracle/damage.py [--inquest PROG] [-j N] [--seed N] [--rounds N] [--words N]
                           [--share N] [DIR...]

Each core of DIR (testdata by default) is damaged in one way at a time, and inquest
lists its goroutines and reports on it; with --share, in one in N of the ways that
remove, others for each next capture. Nothing may crash or hang. Of the whole core

- *removed*: cut off anywhere, segments without contents or not there at all, notes
  left out (registers of some threads or of all, auxv, files, siginfo, all), rows of the
  file note left out, no executable: what is listed must be so in the whole core, too, or
  unknown; a stack may end early, and then says so; and something is said to be missing;
- *zeroed*: pages that are there and hold zeros, as gdb writes what it could not read:
  the same;
- *flipped*: a word of a goroutine's record, of a channel, a stack, the runtime's lists or
  a note is another one. What is listed of *other* goroutines must be as it was. Of the
  goroutine itself it is counted how much was unknown, and how much was another value.
"""

import argparse
import collections
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import dump
from compare import TESTDATA, captures, executable_of, inflate, text_of
from cuts import (EHDR, FIELDS, FRAMES, PHDR, PT_LOAD, share_of, times_differ, waits_differ,
                  verdict_of)

PT_NOTE = 4
PAGE = 4096
PRSTATUS, AUXV, SIGINFO, FILE = 1, 6, 0x53494749, 0x46494c45
NHDR = struct.Struct("<III")
PATH, NO_PATH = b"/tmp/inquest-capture/", b"/tmp/inquest-nowhere/"
G_BYTES = 400
TIMEOUT = 60


def align(n):
    return (n + 3) & ~3


class Core:
    """A core that can be damaged, and made whole again."""

    def __init__(self, path):
        self.path = path
        self.f = open(path, "r+b", buffering=0)
        self.size = os.path.getsize(path)
        self.time = os.stat(path).st_mtime_ns
        self.ehdr = EHDR.unpack(self.read(0, EHDR.size))
        self.phoff, self.phentsize, self.phnum = self.ehdr[1], self.ehdr[3], self.ehdr[4]
        self.phdrs = [PHDR.unpack(self.read(self.phoff + i * self.phentsize, PHDR.size))
                      for i in range(self.phnum)]
        self.loads = [i for i, p in enumerate(self.phdrs) if p[0] == PT_LOAD and p[5]]
        self.note_at = next(i for i, p in enumerate(self.phdrs) if p[0] == PT_NOTE)
        self.notes = self.read_notes()
        self.undo = []
        self.tail = None

    def close(self):
        self.f.close()

    def read(self, at, size):
        self.f.seek(at)
        return self.f.read(size)

    def write(self, at, data):
        old = self.read(at, len(data))
        self.undo.append((at, old))
        self.f.seek(at)
        self.f.write(data[:len(old)] if len(old) < len(data) else data)

    def mend(self):
        """As it was. What was cut off is written anew."""
        if self.tail is not None:
            at, path = self.tail
            with open(path, "rb") as whole:
                self.f.truncate(at)
                copy_sparse(whole, self.f, at, self.size)
            self.tail = None
        for at, old in reversed(self.undo):
            self.f.seek(at)
            self.f.write(old)
        self.undo = []
        self.f.truncate(self.size)
        self.keep_time()

    def keep_time(self):
        """How long who waits at most rests on when the core was written."""
        os.utime(self.path, ns=(self.time, self.time))

    def append(self, data):
        end = os.path.getsize(self.path)
        self.f.seek(end)
        self.f.write(data)
        return end

    def set_phdr(self, i, *fields):
        self.write(self.phoff + i * self.phentsize, PHDR.pack(*fields))

    def read_notes(self):
        """(type, name, descriptor, where the descriptor is) of each."""
        _, _, offset, _, _, size, _, _ = self.phdrs[self.note_at]
        data, at, notes = self.read(offset, size), 0, []
        while at + NHDR.size <= len(data):
            namesz, descsz, kind = NHDR.unpack_from(data, at)
            name = data[at + NHDR.size:at + NHDR.size + namesz]
            start = at + NHDR.size + align(namesz)
            notes.append((kind, name, data[start:start + descsz], offset + start))
            at = start + align(descsz)
        return notes

    def set_notes(self, notes):
        out = b""
        for kind, name, desc, _ in notes:
            out += NHDR.pack(len(name), len(desc), kind)
            out += name.ljust(align(len(name)), b"\0") + desc.ljust(align(len(desc)), b"\0")
        p = list(self.phdrs[self.note_at])
        p[2], p[5] = self.append(out), len(out)
        self.set_phdr(self.note_at, *p)

    def offset_of(self, address):
        for i in self.loads:
            _, _, offset, vaddr, _, size, _, _ = self.phdrs[i]
            if vaddr <= address < vaddr + size:
                return offset + address - vaddr
        return None

    def word(self, address):
        at = self.offset_of(address)
        data = self.read(at, 8) if at is not None else b""
        return struct.unpack("<Q", data)[0] if len(data) == 8 else None

    def data_ranges(self):
        """What is no hole of the file, and lies in segments."""
        start = min(self.phdrs[i][2] for i in self.loads)
        at, fd = start, self.f.fileno()
        while at < self.size:
            try:
                begin = os.lseek(fd, at, os.SEEK_DATA)
                end = os.lseek(fd, begin, os.SEEK_HOLE)
            except OSError:
                return
            yield begin, end
            at = end


def copy_sparse(source, to, at, end):
    while at < end:
        try:
            begin = os.lseek(source.fileno(), at, os.SEEK_DATA)
            stop = os.lseek(source.fileno(), begin, os.SEEK_HOLE)
        except OSError:
            return
        source.seek(begin)
        to.seek(begin)
        to.write(source.read(stop - begin))
        at = stop


# ---- damage that removes

def cut(core, dice, whole):
    at = core.size * dice.choice((10, 50, 90, dice.uniform(1, 99))) // 100
    at = int(at)
    core.tail = (at, whole)
    core.f.truncate(at)
    return "cut at %d of %d" % (at, core.size)


def empty_segments(core, dice, _):
    some = dice.sample(core.loads, dice.randint(1, max(1, len(core.loads) // 3)))
    for i in some:
        p = list(core.phdrs[i])
        p[5] = 0
        core.set_phdr(i, *p)
    return "segments %s without contents" % some


def lose_segments(core, dice, _):
    some = dice.sample(core.loads, dice.randint(1, max(1, len(core.loads) // 3)))
    for i in some:
        core.set_phdr(i, 0, *core.phdrs[i][1:])
    return "no segments %s" % some


def shorten_segment(core, dice, _):
    i = dice.choice(core.loads)
    p = list(core.phdrs[i])
    p[5] = dice.randrange(p[5])
    core.set_phdr(i, *p)
    return "segment %d ends after %d bytes" % (i, p[5])


def lose_notes(core, dice, _):
    kind = dice.choice((PRSTATUS, "some", "all", AUXV, FILE, SIGINFO))
    if kind == "some":
        kept = [n for n in core.notes if n[0] != PRSTATUS or dice.random() < 0.5]
    else:
        kept = [n for n in core.notes if n[0] != kind and kind != "all"]
    core.set_notes(kept)
    return "notes left out: %s" % kind


def lose_modules(core, dice, _):
    """Rows of the file note are left out, some or those of one file."""
    notes = []
    for kind, name, desc, at in core.notes:
        if kind == FILE:
            num, page = struct.unpack_from("<QQ", desc)
            rows = [desc[16 + 24 * i:40 + 24 * i] for i in range(num)]
            names = desc[16 + 24 * num:].split(b"\0")[:num]
            gone = dice.choice(names)
            keep = [i for i in range(num) if names[i] != gone and dice.random() < 0.8]
            desc = (struct.pack("<QQ", len(keep), page) + b"".join(rows[i] for i in keep)
                    + b"".join(names[i] + b"\0" for i in keep))
        notes.append((kind, name, desc, at))
    core.set_notes(notes)
    return "rows of the file note left out"


REMOVED = (cut, empty_segments, lose_segments, shorten_segment, lose_notes, lose_modules)


# ---- pages of zeros

def zero_pages(core, dice, _):
    share = dice.choice((0.003, 0.01, 0.03, 0.1, 0.3))
    num = 0
    for begin, end in list(core.data_ranges()):
        for at in range(begin + -begin % PAGE, end - PAGE + 1, PAGE):
            if dice.random() < share:
                core.write(at, b"\0" * PAGE)
                num += 1
    return "%d pages of zeros" % num


# ---- words

def word_of(core, dice, old):
    """Another word than the old one."""
    return dice.choice((0, old ^ 1 << dice.randrange(64), old ^ 1 << dice.randrange(16), old + 8,
                        old - 0x1000, 0x4141414141414141, dice.getrandbits(64))) & (1 << 64) - 1


def flip(core, dice, address):
    at = core.offset_of(address & ~7)
    if at is None:
        return None
    old = struct.unpack("<Q", core.read(at, 8).ljust(8, b"\0"))[0]
    new = word_of(core, dice, old)
    if new == old:
        return None
    core.write(at, struct.pack("<Q", new))
    return "%#x: %#x, was %#x" % (address & ~7, new, old)


def flip_note(core, dice):
    """A word of the registers or of another note."""
    kind, _, desc, at = dice.choice(core.notes)
    if len(desc) < 8:
        return None
    where = dice.randrange(len(desc) // 8) * 8
    old = struct.unpack_from("<Q", desc, where)[0]
    core.write(at + where, struct.pack("<Q", word_of(core, dice, old)))
    return "word %d of a note of type %#x" % (where // 8, kind)


def symbols(path, wanted):
    """Addresses of the symbols, from the executable's own table."""
    with open(path, "rb") as f:
        data = f.read()
    shoff, = struct.unpack_from("<Q", data, 40)
    shentsize, shnum = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + i * shentsize)
                for i in range(shnum)]
    found = {}
    for s in sections:
        if s[1] != 2:
            continue
        names = sections[s[6]][4]
        for at in range(s[4], s[4] + s[5], 24):
            name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", data, at)
            end = data.index(b"\0", names + name)
            text = data[names + name:end].decode(errors="replace")
            if text in wanted:
                found[text] = value
    return found


def records(core, texts, exe):
    """Addresses of the goroutines' records: {address: number, or None}."""
    found = {int(g.gp, 16): g.id for g in texts.values() if g.gp}
    allgs = symbols(exe, {"runtime.allgs"}).get("runtime.allgs")
    if allgs:
        array, num = core.word(allgs), core.word(allgs + 8)
        for i in range(min(num or 0, 10000)):
            found.setdefault(core.word(array + 8 * i), None)
    found.pop(None, None)
    return found


def places(core, dice, whole, texts, exe, num):
    """(kind, the goroutine that owns the word or None, address)."""
    gs = records(core, texts, exe)
    named = symbols(exe, {"runtime.allgs", "runtime.allm", "runtime.firstmoduledata",
                          "runtime.semtable", "runtime.sched", "runtime.allp"})
    waits = [(g["id"], int(w["address"], 16)) for g in whole.values()
             for w in g.get("waits_for") or [] if w.get("address")]
    stacks = [(core.word(a), core.word(a + 8), owner) for a, owner in gs.items()]
    stacks = [s for s in stacks if s[0] and s[1] and s[0] < s[1] < s[0] + (1 << 30)]
    for _ in range(num):
        kind = dice.choice(("g", "g", "g", "wait", "stack", "stack", "global", "allgs", "m"))
        if kind == "g" and gs:
            address = dice.choice(sorted(gs))
            yield kind, gs[address], address + dice.randrange(G_BYTES)
        elif kind == "wait" and waits:
            owner, address = dice.choice(waits)
            yield kind, address, address + dice.randrange(96)
        elif kind == "stack" and stacks:
            _, high, owner = dice.choice(stacks)
            yield kind, owner, high - 8 - dice.randrange(1024)
        elif kind == "global" and named:
            name = dice.choice(sorted(named))
            yield name, None, named[name] + dice.randrange(300)
        elif kind == "allgs" and "runtime.allgs" in named:
            array = core.word(named["runtime.allgs"])
            yield kind, None, array + 8 * dice.randrange(max(1, len(gs)))
        elif kind == "m" and "runtime.allm" in named:
            m = core.word(named["runtime.allm"])
            yield kind, None, m + dice.randrange(500)


# ---- what is said of it

def run(prog, command, files):
    """Anything but a crash of the program itself."""
    try:
        done = subprocess.run([prog, command, "--json", *files], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise RuntimeError("%s hangs" % command)
    if done.returncode < 0 or done.returncode not in (0, 2) or b"Sanitizer" in done.stderr:
        raise RuntimeError("%s: exit status %d: %s" % (
            command, done.returncode, done.stderr[-500:].decode(errors="replace")))
    return done


def goroutines(prog, files):
    done = run(prog, "goroutines", files)
    return {g["id"]: g for g in map(json.loads, done.stdout.splitlines())}


def report(prog, files):
    """The word of the verdict, and the problems."""
    done = run(prog, "report", files)
    if not done.stdout:
        return None, [done.stderr]
    got = json.loads(done.stdout)
    return verdict_of(got), got.get("problems", []) + [
        p for w in got["witnesses"] for p in w["problems"]]


def frame_agrees(got, want):
    """What is known of it is right. Without tables nobody knows about inlining."""
    return want is not None and all(
        v is None or v == want.get(k) for k, v in got.items() if k != "inlined")


def fields_differ(g, want):
    for field in FIELDS:
        value = g.get(field)
        if value is None or value == want.get(field) or value == {} or value is False:
            continue
        if field in FRAMES and frame_agrees(value, want.get(field)):
            continue
        yield "%s is %r, not %r" % (field, value, want.get(field))


def calls_of(frames):
    """Frames in groups: the inlined ones, and last the one they are inlined into."""
    groups, now = [], []
    for f in frames:
        now.append(f)
        if not f.get("inlined"):
            groups.append(now)
            now = []
    return groups


def is_lone(frame, innermost):
    """Whether others may be inlined at it that nobody can tell."""
    return frame.get("file") is None and not frame.get("inlined") and innermost.get("inlined")


def go_frames(g):
    """Of C there may be fewer than before, and a word for those that are gone."""
    return [f for f in g["frames"] if not f.get("foreign")]


def stack_differs(g, want):
    """A frame without a file stands for itself and what may be inlined there."""
    have, groups, i = go_frames(g), calls_of(go_frames(want)), 0
    for group in groups:
        if i == len(have):
            break
        num = 1 if is_lone(have[i], group[0]) else len(group)
        for a, b in zip(have[i:i + num], group[-num:]):
            if not frame_agrees(a, b):
                return "frame %d is %s %s, not %s %s" % (
                    i, a.get("function"), a.get("pc"), b.get("function"), b.get("pc"))
        i += num
        if i > len(have):
            return "%d frames of a call are missing" % (i - len(have))
    else:
        return None if i == len(have) else "%d frames more" % (len(have) - i)
    return "another whole stack: it has %d frames" % len(have) if g["stack_complete"] else None


def lies(whole, got, except_for=None):
    """(goroutine, what is wrong) of what is listed and not so."""
    for number, g in sorted(got.items()):
        if number == except_for:
            continue
        want = whole.get(number)
        if want is None:
            yield number, "is invented"
            continue
        for problem in (*fields_differ(g, want), *times_differ(g, want),
                        *waits_differ(g, want)):
            yield number, problem
        problem = stack_differs(g, want)
        if problem:
            yield number, problem


def less(whole, got):
    return len(got) < len(whole) or any(
        len(got[n]["frames"]) < len(whole[n]["frames"]) for n in whole if n in got)


def drop_modules(goroutines):
    for g in goroutines.values():
        for f in g["frames"] + [g[k] for k in FRAMES if g.get(k)]:
            f.pop("module", None)


def check_removed(prog, whole, word, files, renamed=False):
    got = goroutines(prog, files)
    if renamed:
        drop_modules(got)
    found = ["goroutine %d: %s" % lie for lie in lies(whole, got)]
    new, problems = report(prog, files)
    if less(whole, got) and not problems:
        found.append("nothing said to be missing")
    if new == "CRASH" != word:
        found.append("the verdict is %s, not %s" % (new, word))
    return found


class Job:
    def __init__(self, args, number, folder, core):
        self.args, self.folder, self.core = args, folder, core
        self.mine = share_of(args.share, number)
        self.name = "/".join((*folder.split("/")[-2:], core))
        self.found, self.counts = [], collections.Counter()

    def damaged(self, core, dice, damage, whole, word, files, path):
        for _ in range(self.args.rounds):
            what = damage(core, dice, path)
            core.keep_time()
            self.keep(what)
            try:
                self.counts[damage.__name__] += 1
                self.found += ["%s: %s" % (what, p)
                               for p in check_removed(self.args.inquest, whole, word, files)]
            except RuntimeError as e:
                self.found.append("%s: %s" % (what, e))
            core.mend()

    def keep(self, what):
        """The damaged core, for a look at it."""
        if self.args.keep and what.startswith(self.args.keep):
            shutil.copyfile(self.path, "kept-core")

    def flipped(self, core, dice, whole, exe):
        texts = dump.parse(dump.read_text(text_of(self.folder)))
        todo = list(places(core, dice, whole, texts, exe, self.args.words))
        todo += [("note", None, None)] * (self.args.words // 8)
        for kind, owner, address in todo:
            what = flip(core, dice, address) if address else flip_note(core, dice)
            core.keep_time()
            if what:
                self.flip_one(kind, owner, what, whole, [core.path, exe])
            core.mend()

    def flip_one(self, kind, owner, what, whole, files):
        try:
            got = goroutines(self.args.inquest, files)
            run(self.args.inquest, "report", files)
        except RuntimeError as e:
            self.found.append("%s of %s: %s" % (what, kind, e))
            return
        wrong = list(lies(whole, got))
        others = {number for number, _ in wrong} - {owner}
        if kind == "wait":  # a channel's word is the word of all who wait for it
            others -= {n for n, g in whole.items() if any(
                w.get("address") == hex(owner) for w in g.get("waits_for") or [])}
        self.counts["flipped"] += 1
        if not wrong:
            self.counts["nothing wrong" if less(whole, got) else "no change"] += 1
        elif len(others) <= 1 or kind == "note":  # which tells of all
            self.counts["wrong of one goroutine"] += 1
            if self.args.v:
                print("%s: flipped %s %s: %s" % (self.name, kind, what, wrong[:2]))
        else:
            self.counts["wrong of several"] += 1
            self.found.append("%s of %s: %d others are wrong: %s"
                              % (what, kind, len(others), wrong[:2]))

    def no_executable(self, core, whole, word):
        """Neither given nor where the core says it is."""
        for begin, end in [(p[2], p[2] + p[5]) for p in (core.phdrs[core.note_at],)] + list(
                core.data_ranges()):
            data = core.read(begin, end - begin)
            if PATH in data:
                core.write(begin, data.replace(PATH, NO_PATH))
        core.keep_time()
        drop_modules(whole)
        self.found += ["no executable: " + p for p in check_removed(
            self.args.inquest, whole, word, [core.path], True)]
        core.mend()

    def run(self):
        try:
            with tempfile.TemporaryDirectory(prefix="inquest-damage-", dir="/var/tmp") as tmp:
                self.run_in(tmp)
        except Exception as e:  # a capture that cannot be damaged has failed
            self.found.append("%s: %s" % (type(e).__name__, e))
        return self

    def run_in(self, tmp):
        dice = random.Random("%d/%s" % (self.args.seed, self.name))
        exe = inflate(executable_of(self.folder), os.path.join(tmp, "exe"))
        path = inflate(os.path.join(self.folder, self.core), os.path.join(tmp, "whole"))
        flat = inflate(os.path.join(self.folder, self.core), os.path.join(tmp, "core"))
        core = Core(flat)
        self.path = flat
        whole = goroutines(self.args.inquest, [flat, exe])
        word, _ = report(self.args.inquest, [flat, exe])
        for n, damage in enumerate((*REMOVED, zero_pages)):
            if self.mine(n):
                self.damaged(core, dice, damage, whole, word, [flat, exe], path)
        self.flipped(core, dice, whole, exe)
        if goroutines(self.args.inquest, [flat, exe]) != whole:
            self.found.append("the core was not mended: this program is wrong")
        self.no_executable(core, whole, word)
        core.close()


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rounds", type=int, default=3, help="of each damage that removes")
    p.add_argument("--words", type=int, default=40, help="that are flipped")
    p.add_argument("--share", type=int, default=1, metavar="N", help="one in N of the ways")
    p.add_argument("--keep", metavar="WHAT", help="write the core so damaged to kept-core")
    p.add_argument("-v", action="store_true", help="every difference, and what flips did")
    args = p.parse_args()
    for need in ("zstd", args.inquest):
        if not need or not shutil.which(need):
            print("skipped: no %s" % need)
            return 77
    todo = [Job(args, number, os.path.abspath(folder), core)
            for number, (folder, core) in enumerate(captures(args.dirs))]
    failed, counts = 0, collections.Counter()
    with ThreadPoolExecutor(args.j) as pool:
        for job in pool.map(Job.run, todo):
            print("%s: %s" % (job.name, "%d differences" % len(job.found) if job.found
                              else "same"))
            for problem in job.found if args.v else job.found[:4]:
                print("    " + problem)
            failed += bool(job.found)
            counts += job.counts
    print("seed %d; " % args.seed + "; ".join("%s: %d" % c for c in sorted(counts.items())))
    print("%d passed, %d failed" % (len(todo) - failed, failed))
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
