#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An independent reader of the Go runtime's own text: SIGQUIT and crash texts, debug=2.

    tests/oracle/dump.py FILE[.zst]     prints one JSON object a goroutine

It shares no code with inquest, on purpose. What the texts say and how
(Go: src/runtime/traceback.go, goroutineheader, traceback2, printcreatedby;
src/runtime/signal_unix.go, sighandler; read for 1.18, 1.22.12 and 1.26.8):

- With GOTRACEBACK=crash the level is 2, and showfuncinfo() returns true before
  anything else: *every* frame is printed, wrappers (FuncIDWrapper: -fm method
  values, promoted methods; gowrapN closures) and runtime frames and
  runtime.goexit included. Only debug=2 and runtime.Stack elide.
- runtime.gopanic is printed as "panic".
- A call "f(...)" without "+0x" is inlined.
- More than 100 frames: the innermost 50, "...N frames elided...", then the
  outermost 50. Logical frames are counted, inlined ones too. Go <= 1.20 ends after
  100 physical frames, and says "additional frames elided" only if 100 lines were
  printed, that is if none was inlined (gentraceback returns nprint).
- Sections come twice: the crash passes SIGQUIT from thread to thread, each
  prints the goroutine that it interrupted (after a line "-----"). One that ran
  on another thread is first printed as "stack unavailable" and later with its
  stack; one in a system call is printed with the same stack both times.
- "goroutine 0" is a thread's g0, not a goroutine, and left out here.
- Dead goroutines are not printed, nor (1.26) those waiting for a C callback.
"""

import json
import re
import subprocess
import sys

HEADER = re.compile(
    r"^goroutine (\d+)(?: gp=(0x[0-9a-f]+|nil))?(?: m=(nil|\d+)(?: mp=0x[0-9a-f]+)?)? "
    r"\[(.*?)\](?: \{(.*)\})?:$")
CREATED = re.compile(r"^created by (.+?)(?: in goroutine (\d+))?$")
PLACE = re.compile(
    r"^\t(.+):(\d+)(?: \+(0x[0-9a-f]+))?(?: fp=(0x[0-9a-f]+) sp=(0x[0-9a-f]+) pc=(0x[0-9a-f]+))?$")
ELIDED = re.compile(r"^\.\.\.(?:(\d+)|additional) frames elided\.\.\.$")
# Quoted where need be (1.27), or always (1.26).
WORD = r'("(?:[^"\\]|\\.)*"|[A-Za-z0-9./_]*)'
LABEL = re.compile(WORD + ": " + WORD + "(?:, )?")
UNAVAILABLE = "\tgoroutine running on other thread; stack unavailable"

# Wait reasons of a synctest bubble that have the mark in their own name; with others
# the text puts it behind (Go 1.25: src/runtime/runtime2.go, waitReasonStrings).
DURABLE = {"chan receive (durable)", "chan send (durable)", "select (durable)",
           "sync.WaitGroup.Wait (durable)"}

# Go: src/runtime/traceback.go, _TracebackMaxFrames
MAX_FRAMES = 100

# What a status that is no wait reason is called; everything else is a wait reason.
STATUSES = {"idle", "runnable", "running", "syscall", "waiting", "dead", "copystack",
            "preempted"}


class Frame(dict):
    """function, file, line, inlined, and pc, sp, fp where the text has them"""


class Goroutine:
    def __init__(self, gid):
        self.id = gid
        self.gp = None
        self.m = None            # the thread's number within the runtime, None for m=nil
        self.status = None
        self.wait_reason = None
        self.minutes = 0
        self.locked = False
        self.scan = False
        self.leaked = False
        self.labels = {}
        self.frames = []
        self.elided_at = None    # index in frames where frames are missing
        self.num_elided = 0      # None where the text does not say (Go <= 1.20)
        self.unavailable = False
        self.created_by = None
        self.parent = None
        self.trapped = False     # printed by a thread about what it interrupted

    def json(self):
        return {k: v for k, v in vars(self).items() if v or (v == 0 and k == "m" and v is not None)}


def read_text(path):
    if path.endswith(".zst"):
        data = subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    else:
        with open(path, "rb") as f:
            data = f.read()
    return data.decode("utf-8", "surrogateescape")


def unescape(go_string):
    """A string that Go quoted (runtime.quoted), or left as it is."""
    if not go_string.startswith('"'):
        return go_string
    return json.loads(re.sub(r"\\x([0-9a-f]{2})", r"\\u00\1", go_string).replace("\\a", "\\u0007")
                      .replace("\\v", "\\u000b"))


def parse_header(line):
    m = HEADER.match(line)
    if not m:
        return None
    g = Goroutine(int(m[1]))
    g.gp = m[2]
    g.m = int(m[3]) if m[3] not in (None, "nil") else None
    state = m[4]
    labels = m[5]  # behind the brackets (1.27), or in them (1.26)
    inside = re.search(r" labels:\{(.*)\}$", state)
    if inside:
        labels = inside[1]
        state = state[:inside.start()]
    g.labels = {unescape(k): unescape(v) for k, v in LABEL.findall(labels or "")}
    words = state.split(", ")
    reason = words[0]
    for item in words[1:]:
        minutes = re.fullmatch(r"(\d+) minutes", item)
        if minutes:
            g.minutes = int(minutes[1])
        elif item == "locked to thread":
            g.locked = True
    for mark in ("durable", "scan", "leaked"):
        if reason.endswith(" (%s)" % mark) and reason not in DURABLE:
            reason = reason[:-len(mark) - 3]
            if mark != "durable":
                setattr(g, mark, True)
    if reason in STATUSES:
        g.status = reason
    else:
        g.status = "leaked" if g.leaked else "waiting"
        g.wait_reason = reason
    return g


def function_of(call):
    """`main.(*T).f(0x1, {...})` without its argument list, the last balanced one."""
    if not call.endswith(")"):
        return call, False
    depth = 0
    for i in range(len(call) - 1, -1, -1):
        if call[i] == ")":
            depth += 1
        elif call[i] == "(":
            depth -= 1
            if depth == 0:
                name, args = call[:i], call[i:]
                return ("runtime.gopanic" if name == "panic" else name), args == "(...)"
    return call, False


def parse_place(line):
    m = PLACE.match(line)
    if not m:
        return None
    place = {"file": m[1], "line": int(m[2])}
    for key, at in (("offset", 3), ("fp", 4), ("sp", 5), ("pc", 6)):
        if m[at]:
            place[key] = m[at]
    return place


def ends_unsaid(g):
    """Cut off after 100 physical frames, in a text that does not say so (Go <= 1.20)."""
    return (g.gp is None and g.elided_at is None and g.frames
            and g.frames[-1]["function"] != "runtime.goexit"
            and sum("offset" in f for f in g.frames) == MAX_FRAMES)


def parse_section(lines, at):
    """The section whose header is lines[at]; returns it and where it ends."""
    g = parse_header(lines[at])
    at += 1
    while at < len(lines) and lines[at]:
        line = lines[at]
        elided = ELIDED.match(line)
        created = CREATED.match(line)
        place = parse_place(lines[at + 1]) if at + 1 < len(lines) else None
        if line == UNAVAILABLE:
            g.unavailable = True
        elif elided:
            g.elided_at = len(g.frames)
            g.num_elided = int(elided[1]) if elided[1] else None
        elif line.startswith("goroutine ") or line.startswith("[originating from"):
            break
        elif created and place:
            g.created_by = dict(place, function=created[1])
            g.parent = int(created[2]) if created[2] else None
            at += 1
        elif place:
            name, inlined = function_of(line)
            # With every frame shown, an inlined call is one without an offset.
            inlined = inlined and "offset" not in place
            g.frames.append(Frame(place, function=name, inlined=inlined))
            at += 1
        at += 1
    if ends_unsaid(g):
        g.elided_at, g.num_elided = len(g.frames), None
    return g, at


def parse(text):
    """All goroutines of a text, by id; the best section where there are two."""
    lines = text.replace("\r\n", "\n").split("\n")
    found = {}
    at = 0
    trapped = True  # the first section is of the thread that the signal hit
    while at < len(lines):
        line = lines[at]
        if line == "-----":
            trapped = True
        if not line.startswith("goroutine ") or not HEADER.match(line):
            at += 1
            continue
        g, at = parse_section(lines, at)
        g.trapped = trapped
        trapped = False
        if g.id == 0:
            continue
        old = found.get(g.id)
        if old is None:
            found[g.id] = g
        elif old.unavailable and not g.unavailable:
            g.status, g.wait_reason = old.status, old.wait_reason
            found[g.id] = g
    return found


def crash_head(text):
    """What is before the first goroutine: signal, panic or fatal error."""
    head = text.split("\ngoroutine ")[0]
    m = re.search(r"^(SIG\w+): ", head, re.M)
    panic = re.search(r"^panic: (.*)", head, re.M)
    fatal = re.search(r"^fatal error: (.*)", head, re.M)
    return {"signal": m[1] if m else None, "panic": panic[1] if panic else None,
            "fatal": fatal[1] if fatal else None}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: dump.py FILE")
    for gid, g in sorted(parse(read_text(sys.argv[1])).items()):
        print(json.dumps(g.json()))


if __name__ == "__main__":
    main()
