#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The list of goroutines is the same without the rest of the heap.

    tests/oracle/holes.py [--inquest PROG] [-j N] [DIR...]

Which pages of the heap hold a g, a sudog, a channel or other object that is waited
for, or a live frame, is worked out from the core alone, with the symbols of the
unstripped executable and offsets that gdb reads from its DWARF; so are the runtime's
records that lead there (the array of goroutines, threads, processors, labels). Every
other page of the heap becomes a hole, then a page of zeros: each time what
`inquest goroutines --json` says must be the same, byte by byte, but for what it says
of reachability, which is a question to the whole heap. One line a capture, then
"N passed, N failed"; the exit status is 1 if any failed.
"""

import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from compare import TESTDATA, captures, executable_of, inflate
from cuts import EHDR, PHDR, PT_LOAD
from damage import PAGE, Core, symbols

ARENA = 64 << 20  # Go: src/runtime/malloc.go, heapArenaBytes on linux
SYMBOLS = {"runtime.allgs", "runtime.allm", "runtime.allp", "runtime.semtable"}
ASK = {"g": ("stack", "sched", "syscallsp", "atomicstatus", "waiting", "labels", "goid"),
       "sudog": ("g", "next", "prev", "elem", "waitlink", "c"),
       "hchan": ("recvq", "sendq"), "m": ("g0", "gsignal", "alllink"), "p": (),
       "pollDesc": ("rg", "wg")}
WAITING, RUNNING, SYSCALL, DEAD = 4, 2, 3, 6
AROUND = 64  # of a word that is waited for: the lock it is part of


def offsets(exe):
    """{struct: (size, {field: offset})} as gdb reads it in the executable's DWARF."""
    script = "\n".join(
        ["import gdb"] +
        ["t = gdb.lookup_type('runtime.%s')\nprint('size', '%s', t.sizeof)\n"
         "for f in t.fields(): print('field', '%s', f.name, f.bitpos // 8)" % (s, s, s)
         for s in ASK])
    with tempfile.NamedTemporaryFile("w", suffix=".py") as f:
        f.write(script)
        f.flush()
        done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-x", f.name, exe],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    sizes, fields = {}, {s: {} for s in ASK}
    for line in done.stdout.decode().splitlines():
        words = line.split()
        if words[:1] == ["size"]:
            sizes[words[1]] = int(words[2])
        elif words[:1] == ["field"]:
            fields[words[1]][words[2]] = int(words[3])
    for s, wanted in ASK.items():
        if s not in sizes or not set(wanted) <= set(fields[s]):
            raise RuntimeError("gdb does not know runtime.%s: %s" % (
                s, done.stderr.decode(errors="replace")[-300:]))
    return sizes, fields


class Keep:
    """What of the heap is kept."""

    def __init__(self, core, exe):
        self.core = core
        self.size, self.field = offsets(exe)
        self.symbol = symbols(exe, SYMBOLS)
        self.pages = set()
        self.gs, self.sudogs = [], set()

    def add(self, address, size):
        if address and size > 0:
            self.pages.update(range(address // PAGE, (address + size - 1) // PAGE + 1))

    def get(self, kind, address, field, more=0):
        return self.core.word(address + self.field[kind][field] + more) or 0

    def struct(self, kind, address):
        self.add(address, self.size[kind])

    def array(self, symbol):
        data, num = self.core.word(self.symbol[symbol]), self.core.word(self.symbol[symbol] + 8)
        self.add(data, 8 * num)
        return [self.core.word(data + 8 * i) for i in range(num)]

    def whole_stack(self, g):
        low, high = self.get("g", g, "stack"), self.get("g", g, "stack", 8)
        if high > low and high - low < 1 << 30:
            self.add(low, high - low)

    def goroutine(self, g):
        self.struct("g", g)
        status = self.get("g", g, "atomicstatus") & 0xfff
        if status in (0, DEAD):
            return
        self.gs.append(g)
        labels = self.get("g", g, "labels")
        self.add(labels, 48)
        self.labels(labels)
        high, sp = self.get("g", g, "stack", 8), self.get("g", g, "sched")
        if status == SYSCALL:
            sp = min(sp, self.get("g", g, "syscallsp")) or sp
        if status == RUNNING or not self.get("g", g, "stack") <= sp < high:
            self.whole_stack(g)
        else:
            self.add(sp, high - sp)
        sudog = self.get("g", g, "waiting")
        while sudog and sudog not in self.sudogs:
            self.sudog(sudog)
            sudog = self.get("sudog", sudog, "waitlink")

    def labels(self, at, depth=3):
        """All that the labels lead to: a map, or a list, of strings."""
        for word in range(at, at + 272, 8) if at else ():
            value = self.core.word(word)
            if value and value // ARENA in self.arenas:
                self.add(value, 272)
                self.add(word, 8)
                if depth:
                    self.labels(value, depth - 1)

    def sudog(self, address):
        self.sudogs.add(address)
        self.struct("sudog", address)
        channel = self.get("sudog", address, "c")
        if channel:
            self.struct("hchan", channel)
        elem = self.get("sudog", address, "elem")
        if elem and not channel:
            self.add(elem - AROUND, 2 * AROUND)

    def find(self):
        """Everything that is reached by name, then what refers to a g or a sudog."""
        gs = self.array("runtime.allgs")
        self.arenas = {g // ARENA for g in gs}
        for g in gs:
            self.goroutine(g)
        for p in self.array("runtime.allp"):
            self.struct("p", p)
        m = self.core.word(self.symbol["runtime.allm"])
        while m:
            self.struct("m", m)
            for g in (self.get("m", m, "g0"), self.get("m", m, "gsignal")):
                self.struct("g", g)
                self.whole_stack(g)
            m = self.get("m", m, "alllink")
        # A sudog of a lock or a Cond begins with its g, in whatever list it is.
        for at in self.references({g for g in self.gs}):
            self.sudog(at)
        # A channel, a notifyList or another sudog refers to those.
        for at in self.references(self.sudogs):
            self.add(at - AROUND, 2 * AROUND)
        self.files()

    def files(self):
        """What has the descriptor of the poller that one waits at: a file, or a socket and
        its addresses. The descriptors are not in the heap."""
        sides = [self.field["pollDesc"][side] for side in ("rg", "wg")]
        found = self.references(set(self.gs), self.loads())
        descriptors = {at - side for at in found for side in sides}
        for at in self.references(descriptors):
            self.labels(at - AROUND)

    def references(self, wanted, where=None):
        """Addresses of words that are one of these, the heap's if it is not said whose."""
        found = []
        for begin, size, offset in where or self.heap():
            data = self.core.read(offset, size)
            for i, (word,) in enumerate(struct.iter_unpack("<Q", data[:len(data) & ~7])):
                if word in wanted:
                    found.append(begin + 8 * i)
        return found

    def loads(self):
        """What can be written."""
        for i in self.core.loads:
            _, flags, offset, vaddr, _, size, _, _ = self.core.phdrs[i]
            if flags & 2:
                yield vaddr, size, offset

    def heap(self):
        return (s for s in self.loads() if s[0] // ARENA in self.arenas)


def pieces(segment, keep):
    """The segment, of which pages that are not kept have no contents."""
    kind, flags, offset, vaddr, _, filesz, memsz, align = segment
    at = 0
    while at < filesz:
        kept = (vaddr + at) // PAGE in keep.pages
        end = at
        while end < filesz and ((vaddr + end) // PAGE in keep.pages) == kept:
            end += PAGE
        end = min(end, filesz)
        yield kind, flags, offset + at, vaddr + at, 0, end - at if kept else 0, end - at, align
        at = end
    if memsz > filesz:
        yield kind, flags, offset + filesz, vaddr + filesz, 0, 0, memsz - filesz, align


def make_holes(core, keep):
    """Returns how many pages of how many were taken out."""
    heap = {v for v, _, _ in keep.heap()}
    new, gone, num = [], 0, 0
    for s in core.phdrs:
        if s[0] == PT_LOAD and s[3] in heap and s[5]:
            cut = list(pieces(s, keep))
            gone += sum(p[6] // PAGE for p in cut if not p[5])
            num += s[6] // PAGE
            new += cut
        else:
            new.append(s)
    start = core.append(b"".join(PHDR.pack(*s) for s in new))
    core.write(0, EHDR.pack(core.ehdr[0], start, core.ehdr[2], core.ehdr[3], len(new)))
    return gone, num


def make_zeros(core, keep):
    for begin, size, offset in keep.heap():
        for at in range(0, size, PAGE):
            if (begin + at) // PAGE not in keep.pages:
                core.write(offset + at, b"\0" * min(PAGE, size - at))


def listed(prog, files):
    done = subprocess.run([prog, "goroutines", "--json", *files], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    if done.returncode not in (0, 2):
        raise RuntimeError("exit status %d" % done.returncode)
    return re.sub(rb'"reachability":("\w+"|null)', b"", done.stdout).splitlines()


def one(job):
    prog, folder, name = job
    found = []
    try:
        with tempfile.TemporaryDirectory(prefix="inquest-holes-", dir="/var/tmp") as tmp:
            exe = inflate(executable_of(folder), os.path.join(tmp, "exe"))
            flat = inflate(os.path.join(folder, name), os.path.join(tmp, "core"))
            core = Core(flat)
            keep = Keep(core, exe)
            keep.find()
            want = listed(prog, [flat, exe])
            gone, num = make_holes(core, keep)
            if not gone:
                found.append("no page was taken out")
            for what in ("holes", "zeros"):
                if what == "zeros":
                    core.mend()
                    make_zeros(core, keep)
                core.keep_time()
                got = listed(prog, [flat, exe])
                found += ["%s: %s, not %s" % (what, a[:300], b[:300])
                          for a, b in zip(got, want) if a != b]
                if len(got) != len(want):
                    found.append("%s: %d goroutines, not %d" % (what, len(got), len(want)))
            core.close()
            return found, "%d of %d pages of the heap" % (gone, num)
    except Exception as e:  # a capture that cannot be cut has failed
        return found + ["%s: %s" % (type(e).__name__, e)], ""


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    args = p.parse_args()
    for need in ("zstd", "gdb", args.inquest):
        if not need or not shutil.which(need):
            print("skipped: no %s" % need)
            return 77
    todo = [(args.inquest, os.path.abspath(folder), core) for folder, core in captures(args.dirs)
            if folder.endswith("-default") and core == "core.zst"]
    failed = 0
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder, core), (found, said) in zip(todo, pool.map(one, todo)):
            name = "/".join(folder.split("/")[-2:]) + "/" + core
            print("%s: %s" % (name, "%d differences" % len(found) if found else "same"))
            if said:
                print("    without " + said)
            for problem in found[:4]:
                print("    " + problem)
            failed += bool(found)
    print("%d passed, %d failed" % (len(todo) - failed, failed))
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
