#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Structures that the runtime cannot have made give a gap, not a hang or a wrong answer.

    tests/oracle/tangles.py [--inquest PROG] [-j N] [--seed N] [--rounds N] [-v] [DIR...]

In each core of DIR (testdata by default) that has a file want.zst, one record at a time
of what goroutines wait for is tangled: queues and treaps that lead back to themselves, to
the queue of another channel, to nowhere or into the middle of something; counts that
nothing could have; goroutines that refer to another's record; descriptors of the poller
that name somebody else. What inquest still says must be what the program said
(tests/oracle/waits.py): it may know less. It ends within ten seconds of a
processor's time, whatever it reads.

Words that could be true (a lock's bits, a length below the capacity) are left alone here:
tests/oracle/damage.py counts what becomes of them. --rounds 0 does all there is.
"""

import argparse
import os
import random
import shutil
import struct
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from compare import TESTDATA, executable_of, inflate
from damage import Core
from waits import Capture, Hang, Tally, captures, compare_files, goroutines_of

SECONDS = 10
WILD = (0x4141414141414141, 0x0000deadbeef0000, 0xffffffffffffffff, 0x7)
ABSURD = (1 << 62, (1 << 64) - 1, 1 << 40)


class Sudog:
    """Go: src/runtime/runtime2.go, sudog. Of 1.26 on elem and c are two words."""

    def __init__(self, core, address, minor):
        wide = 8 if minor >= 26 else 0
        self.address = address
        self.fields = {"g": 0, "next": 8, "prev": 16, "elem": 24, "parent": 56 + wide,
                       "waitlink": 64 + wide, "waittail": 72 + wide, "c": 80 + 2 * wide}
        if wide:
            self.fields["c"] = 96
        self.core = core

    def at(self, field):
        return self.address + self.fields[field]

    def get(self, field):
        return self.core.word(self.at(field))


def words(core):
    """(address, word) of all that the core holds."""
    ranges = list(core.data_ranges())
    for i in core.loads:
        _, _, offset, vaddr, _, size, _, _ = core.phdrs[i]
        for begin, end in ranges:
            low, high = max(begin, offset), min(end, offset + size)
            if low >= high:
                continue
            data = core.read(low, (high - low) & ~7)
            base = vaddr + low - offset
            yield base, memoryview(data).cast("Q")


class Scene:
    """Where the records are, found by what the program printed and by what the
    whole core has."""

    def __init__(self, core, capture, whole):
        self.core, self.capture = core, capture
        self.objects = {}
        # Channels of elements without a size, which can have any capacity.
        self.sizeless = set()
        for g in whole.values():
            for w in g["waits_for"]:
                if w.get("address"):
                    self.objects.setdefault(int(w["address"], 16), w["kind"])
                    if w.get("element_bytes") == 0:
                        self.sizeless.add(int(w["address"], 16))
        for gid, line in capture.goroutines.items():
            for w in line["waits"]:
                if w.get("address"):
                    self.objects.setdefault(int(w["address"], 16), w["kind"])
        self.sudogs = self.find_sudogs()

    def semaphores(self):
        """The words that who waits for a lock is queued by: {word: object}."""
        places = {"mutex": (4,), "rwmutex": (4, 8, 12), "waitgroup": (8,), "semaphore": (0,)}
        return {address + o: address for address, kind in self.objects.items()
                for o in places.get(kind, ())}

    def find_sudogs(self):
        """What has the channel or the semaphore where a sudog has it: {object: [Sudog]}."""
        found, minor = {}, self.capture.minor
        chans = {a for a, kind in self.objects.items() if kind == "chan"}
        semas = self.semaphores()
        c_at, first = (96, 24) if minor >= 26 else (80, 24)
        for base, data in words(self.core):
            for i, word in enumerate(data):
                if word in chans:
                    start, owner = base + 8 * i - c_at, word
                elif word in semas:
                    start, owner = base + 8 * i - first, semas[word]
                else:
                    continue
                if self.is_sudog(start):
                    found.setdefault(owner, {})[start] = Sudog(self.core, start, minor)
        return {owner: list(by.values()) for owner, by in found.items()}

    def is_sudog(self, address):
        """Its first word is a goroutine's record, by its stack's bounds."""
        g = self.core.word(address)
        low = self.core.word(g) if g else None
        high = self.core.word(g + 8) if low else None
        return bool(low and high and low < high <= low + (1 << 30) and not low & 7
                    and self.core.offset_of(low) is not None)


# ---- one word each: (what, address, new word)

def of_queue(scene, dice):
    """A sudog that leads back, or to one of another object, or nowhere."""
    owners = sorted(scene.sudogs)
    for owner in owners:
        dogs = scene.sudogs[owner]
        other = dice.choice([o for o in owners if o != owner] or owners)
        for s in dogs:
            for field in ("next", "prev", "waitlink", "parent", "waittail"):
                targets = [s.address, dice.choice(dogs).address,
                           dice.choice(scene.sudogs[other]).address, s.address + 8,
                           dice.choice(WILD)]
                yield "%s of the sudog %#x" % (field, s.address), s.at(field), dice.choice(targets)
            for field in ("g", "elem", "c"):
                if field != "elem" or scene.objects[owner] != "chan":
                    yield ("%s of the sudog %#x" % (field, s.address), s.at(field),
                           dice.choice(WILD[:3] + (s.address,)))


def of_goroutine(scene, dice):
    """A goroutine whose record names another's sudog, or none."""
    every = {s.address: s for dogs in scene.sudogs.values() for s in dogs}
    for address in sorted(every):
        g = every[address].get("g")
        for o in range(16, 256, 8):
            if scene.core.word(g + o) == address:
                others = [a for a in every if every[a].get("g") != g]
                yield ("a sudog of goroutine record %#x+%d" % (g, o), g + o,
                       dice.choice(WILD + (g, dice.choice(others or [g]), address + 8)))


def of_chan(scene, dice):
    """Counts that do not fit, and what is no queue."""
    heads = {s.address for dogs in scene.sudogs.values() for s in dogs}
    for address, kind in sorted(scene.objects.items()):
        if kind != "chan":
            continue
        yield "length of the channel %#x" % address, address, dice.choice(ABSURD)
        yield ("capacity of the channel %#x" % address, address + 8,
               (1 << 64) - 1 if address in scene.sizeless else dice.choice(ABSURD))
        for o in range(32, 96, 8):
            word = scene.core.word(address + o)
            if word in heads:
                targets = WILD + (address, word + 8, dice.choice(sorted(heads - {word}) or [word]))
                yield "queue of the channel %#x+%d" % (address, o), address + o, dice.choice(targets)


def of_cond(scene, dice):
    """notifyList, within sync.Cond at 16: tickets, lock, head and tail."""
    for address, kind in sorted(scene.objects.items()):
        if kind == "cond":
            for o in (32, 40):
                head = scene.core.word(address + o)
                yield ("list of the Cond %#x" % address, address + o,
                       dice.choice(WILD + (address, (head or 0) + 8)))


def of_fd(scene, dice):
    """internal/poll.FD, and the poller's record that it names."""
    for address, kind in sorted(scene.objects.items()):
        if kind != "fd":
            continue
        for o in range(16, 64, 8):
            pd = scene.core.word(address + o)
            # pollDesc.self is its own address.
            own = [i for i in range(64, 400, 8) if pd and scene.core.word(pd + i) == pd]
            if not own:
                continue
            yield ("poller's record of the descriptor %#x" % address, address + o,
                   dice.choice(WILD + (address, pd + 8)))
            yield "self of the poller's record %#x" % pd, pd + own[0], dice.choice(WILD)
        for o in range(80, 200, 8):
            # Interfaces and texts of the addresses behind it.
            if dice.random() < 0.3 and scene.core.offset_of(scene.core.word(address + o) or 0):
                yield "pointer of the descriptor %#x+%d" % (address, o), address + o, dice.choice(WILD)


TANGLES = (of_queue, of_goroutine, of_chan, of_cond, of_fd)


def rounds_of(scene, dice, num):
    """All tangles, or so many: as many of each sort as there are."""
    every = [list(f(scene, dice)) for f in TANGLES]
    if not num:
        return [t for sort in every for t in sort]
    for sort in every:
        dice.shuffle(sort)
    chosen = []
    while len(chosen) < num and any(every):
        for sort in every:
            if sort and len(chosen) < num:
                chosen.append(sort.pop())
    return chosen


# ---- one capture

def wrong_words(capture, prog, core, exe, whole):
    """What is said and wrong; what is not said is right."""
    tally = Tally(silent=True)
    try:
        compare_files(capture, tally, prog, core, exe, SECONDS)
        for gid, g in goroutines_of(prog, core, exe, SECONDS).items():
            was = {w.get("address") for w in whole[gid]["waits_for"]} if gid in whole else set()
            for w in g["waits_for"]:
                if w.get("address") and w["address"] not in was:
                    tally.wrong(w["kind"], "goroutine %d" % gid, "%s is another" % w["address"])
    except Hang:
        return ["it did not end in %d seconds" % SECONDS]
    return tally.problems


def tangle(args, folder):
    capture = Capture(folder)
    problems, done = [], 0
    with tempfile.TemporaryDirectory(prefix="inquest-tangles-") as tmp:
        exe = inflate(executable_of(folder), os.path.join(tmp, "exe"))
        path = inflate(os.path.join(folder, "core.zst"), os.path.join(tmp, "core"))
        whole = goroutines_of(args.inquest, path, exe, SECONDS)
        before = set(wrong_words(capture, args.inquest, path, exe, whole))
        core = Core(path)
        dice = random.Random("%s %s" % (args.seed, "/".join(folder.split("/")[-2:])))
        for what, address, word in rounds_of(Scene(core, capture, whole), dice, args.rounds):
            at = core.offset_of(address)
            if at is None:
                continue
            core.write(at, struct.pack("<Q", word & (1 << 64) - 1))
            done += 1
            for p in wrong_words(capture, args.inquest, path, exe, whole):
                if p not in before:
                    problems.append("%s is %#x: %s" % (what, word, p))
            core.mend()
        core.close()
    return problems, done


def one(job):
    try:
        return tangle(*job)
    except Exception as e:  # a capture that cannot be tangled has failed
        return ["%s: %s" % (type(e).__name__, e)], 0


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dirs", nargs="*", default=[TESTDATA])
    p.add_argument("--inquest", default=os.environ.get("INQUEST") or shutil.which("inquest")
                   or os.path.join(os.path.dirname(TESTDATA), "inquest"))
    p.add_argument("-j", type=int, default=os.cpu_count())
    p.add_argument("-v", action="store_true", help="every difference, not the first ten")
    p.add_argument("--seed", default="1")
    p.add_argument("--rounds", type=int, default=60)
    args = p.parse_args()
    for need in ["zstd", args.inquest]:
        if not shutil.which(need):
            print("skipped: no %s" % need)
            return 77
    todo = [(args, folder) for folder in captures(args.dirs)]
    failed = total = 0
    with ThreadPoolExecutor(args.j) as pool:
        for (_, folder), (problems, done) in zip(todo, pool.map(one, todo)):
            print("%s: %s" % ("/".join(folder.split("/")[-2:]),
                              "%d differences" % len(problems) if problems else "same"))
            for problem in problems if args.v else problems[:10]:
                print("    " + problem)
            failed += bool(problems)
            total += done
    print("%d tangles: %d passed, %d failed" % (total, len(todo) - failed, failed))
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
