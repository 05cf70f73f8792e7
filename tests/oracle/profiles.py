#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares "inquest profile --json" with what Go's own pprof reads.

    tests/oracle/profiles.py [--inquest PROG] FILE...
    tests/oracle/profiles.py --expect FOLDER     what pprof reads of the files in
        FOLDER, as its expected.json, which tests/check-profiles holds ours against

Compared are sample types, period, every sample (values, labels, frames with
their lines, addresses where there is no function), the sums by function, and
what the file says itself: time, duration, numbers of samples, locations,
functions, mappings. What pprof rejects, ours must not call complete; the text
forms of before 2016 it may name and leave alone.
"""

import argparse
import collections
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


# ---- what both are brought to

def canonical(types, period_type, period, samples):
    """A sample is (values, labels, frames); those of zeros alone say nothing."""
    joined = collections.Counter()
    for values, labels, frames in samples:
        for i, v in enumerate(values):
            joined[labels, frames, i] += v
    keys = sorted({key[:2] for key, v in joined.items() if v})
    return {
        "types": types,
        "period_type": period_type,
        "period": period,
        "samples": [(tuple(joined[k[0], k[1], i] for i in range(len(types))), *k) for k in keys],
    }


def by_function(stacks, num_types):
    """Flat and cumulative sums of the samples, by the frames' names."""
    sums = {}
    for sample in stacks:
        seen = set()
        for place, f in enumerate(sample["frames"]):
            name = f["function"] or f["pc"]
            flat, cum = sums.setdefault(name, ([0] * num_types, [0] * num_types))
            for i, v in enumerate(sample["values"]):
                flat[i] += v if place == 0 else 0
                cum[i] += v if name not in seen else 0
            seen.add(name)
    return sums


# ---- ours

# Whose innermost address is where the program was, and no call.
SAMPLED = ("cpu", "other")


def our_labels(labels):
    """As pprof writes them: "bytes:[512] user:[ann bob]"."""
    items = []
    for key, value in labels.items():
        values = value if isinstance(value, list) else [value]
        items.append("%s:[%s]" % (key, " ".join(sorted(values))))
    return " ".join(sorted(items))


def our_frame(f, exact):
    """Go's addresses of calls are one less than where they return to."""
    if f["function"] is None and f["file"] is None:
        return hex(int(f["pc"], 16) - (0 if exact else 1)) if f["pc"] else "0x0"
    return "%s %s:%d" % (f["function"] or "", f["file"] or "", f["line"] or 0)


def read_ours(program, path):
    """None and the reason where it says that it could not read the file."""
    p = subprocess.run([program, "profile", "--json", path], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False)
    if p.returncode == 2:
        return None, p.stderr.decode("utf-8", "replace").strip()
    if p.returncode != 0:
        raise RuntimeError("%s: exit status %d: %s" % (path, p.returncode, p.stderr[:300]))
    o = json.loads(p.stdout)
    samples = [(tuple(s["values"]), our_labels(s["labels"]),
                tuple(our_frame(f, place == 0 and o["profile_type"] in SAMPLED)
                      for place, f in enumerate(s["frames"]))) for s in o["stacks"]]
    read = canonical(["%s/%s" % (t["type"], t["unit"]) for t in o["sample_types"]],
                     "%s %s" % (o["period_type"]["type"], o["period_type"]["unit"]),
                     o["period"] or 0, samples)
    read["totals"] = [t["total"] for t in o["sample_types"]]
    read["default"] = o["default_sample_type"]
    sums = by_function(o["stacks"], len(o["sample_types"]))
    top = {t["function"] or t["pc"]: (t["flat"], t["cum"]) for t in o["top"]}
    read["top"] = [(k, top.get(k), sums.get(k)) for k in {*top, *sums} if top.get(k) != sums.get(k)]
    read["counts"] = [o[k] for k in ("samples", "locations", "functions", "mappings")]
    read["time"] = o["time_ns"] or 0
    read["duration"] = o["duration_ns"] or 0
    return read, "" if o["complete"] else "incomplete: %s" % [p["text"] for p in o["problems"]]


# ---- pprof's

LINE = re.compile(r"^(.*:-?\d+):-?\d+ s=-?\d+(?:\(.*\))?$", re.S)


def raw_line(text, address):
    """What has no name is its address; one less than 0 is none."""
    m = LINE.match(text)
    if m and not m.group(1).startswith(" :"):
        return m.group(1)
    return "0x0" if address == "0xffffffffffffffff" else address


def raw_locations(lines):
    """Of each location its frames, innermost first."""
    locations, frames = {}, None
    for line in lines:
        m = re.match(r"^ *(\d+): (0x[0-9a-f]+) (?:M=\d+ )?(?:\[F\] )?(.*)$", line, re.S)
        if m:
            frames = locations.setdefault(int(m.group(1)), [])
            rest = m.group(3)
            address = m.group(2)
            frames.append(raw_line(rest, address))
        elif line.startswith("             "):
            frames.append(raw_line(line[13:], address))
    return locations


def raw_labels(line):
    """Sorted, as are the values of each; units follow their numbers."""
    items = re.findall(r"(\S[^\[]*?):\[(.*?)\](?= \S[^\[]*:\[|\s*$)", line.strip())
    return " ".join(sorted("%s:[%s]" % (k, v) for k, v in items))


def raw_samples(lines):
    samples = []
    for line in lines:
        m = re.match(r"^((?: *-?\d+)+): ((?:\d+ )*)$", line)
        if m:
            samples.append([tuple(int(v) for v in m.group(1).split()), [],
                            [int(x) for x in m.group(2).split()]])
        else:
            samples[-1][1].append(line)
    return samples


def read_pprof(path):
    """None where pprof does not read it."""
    env = dict(os.environ, TZ="UTC", PPROF_BINARY_PATH="/nonexistent")
    p = subprocess.run(["go", "tool", "pprof", "-symbolize=none", "-raw", path],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, check=False)
    if p.returncode != 0:
        return None
    text = p.stdout.decode("utf-8", "surrogateescape")
    head, rest = text.split("\nSamples:\n", 1)
    types, rest = rest.split("\n", 1)
    middle, _, rest = rest.partition("Locations\n")
    locations = raw_locations(rest.partition("Mappings\n")[0].splitlines())
    fields = dict(re.findall(r"^(\w+): (.*)$", head, re.M))
    names = types.split(" ") if types.strip() else []
    samples = []
    for values, labels, ids in raw_samples(middle.splitlines()):
        frames = tuple(f for i in ids for f in locations[i])
        samples.append((values, " ".join(sorted(filter(None, (raw_labels(x) for x in labels)))),
                        frames))
    read = canonical([n.replace("[dflt]", "") for n in names],
                     fields.get("PeriodType", ""), int(fields.get("Period", 0)), samples)
    read["totals"] = [sum(s[0][i] for s in samples) for i in range(len(names))]
    read["default"] = next((n.split("/")[0] for n in names if n.endswith("[dflt]")),
                           names[-1].split("/")[0] if names else None)
    return read


# ---- what the file says of itself

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields_of(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 2:
            size, at = varint(data, at)
            value = data[at:at + size]
            at += size
        else:
            size = {1: 8, 5: 4}[tag & 7]
            value = data[at:at + size]
            at += size
        yield tag >> 3, value


def read_file(path):
    """Numbers of samples, locations, functions, mappings; time, duration."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return None
    num = collections.Counter()
    last = {9: 0, 10: 0}
    if not data[:1] or data[0] not in b"\x0a\x12\x1a\x22\x2a\x32\x48\x50\x5a\x62":
        return None
    try:
        for field, value in fields_of(data):
            num[field] += 1
            if field in last:
                last[field] = value - (1 << 64) if value >> 63 else value
    except (IndexError, KeyError):
        return None
    return {"counts": [num[2], num[4], num[5], num[3]], "time": last[9], "duration": last[10]}


# ---- comparing

def expect(path):
    """All that ours must say, or None for what pprof does not read."""
    read = read_pprof(path)
    if read is None:
        return None
    own = read_file(path)
    if own:
        read.update(own)
    return read


def difference(want, got, key):
    if key != "samples":
        return "%s: %s, pprof has %s" % (key, got[key], want[key])
    a, b = set(want[key]), set(got[key])
    lines = ["samples: %d, pprof has %d; %d are only ours, %d only pprof's"
             % (len(got[key]), len(want[key]), len(b - a), len(a - b))]
    lines += ["  ours:  %s" % (s,) for s in sorted(b - a)[:2]]
    lines += ["  pprof: %s" % (s,) for s in sorted(a - b)[:2]]
    return "\n".join(lines)


def compare(want, got, note):
    if want is None:
        return [] if got is None or note else ["pprof rejects it, ours calls it complete"]
    if got is None and "counts" not in want and " legacy " in note:
        return []
    if got is None:
        return ["pprof reads it, ours: %s" % note]
    keys = ["types", "default", "period_type", "period", "totals", "samples"]
    keys += [k for k in ("counts", "time", "duration") if k in want]
    ret = [difference(want, got, k) for k in keys if want[k] != got[k]]
    if note:
        ret.append("pprof reads all of it, ours is %s" % note)
    if got["top"]:
        ret.append("top: %d functions are not the sums of the samples: %s, top %s, sum %s"
                   % (len(got["top"]), *got["top"][0]))
    return ret


# ---- expected answers, kept

def digest(read):
    """What is kept of the samples: they would be larger than the profile."""
    ret = {k: v for k, v in read.items() if k not in ("samples", "top")}
    text = json.dumps(read["samples"], sort_keys=True)
    ret["num_samples"] = len(read["samples"])
    ret["samples_sha256"] = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return ret


NO_PROFILES = ("LICENCES", "MANIFEST.csv", "expected.json", "kinds", "make")


def write_expected(folder):
    ret = {}
    for name in sorted(os.listdir(folder)):
        if name in NO_PROFILES:
            continue
        read = expect(os.path.join(folder, name))
        ret[name] = read and digest(read)
    lines = ["%s: %s" % (json.dumps(k), json.dumps(v, sort_keys=True)) for k, v in ret.items()]
    with open(os.path.join(folder, "expected.json"), "w", encoding="utf-8") as f:
        f.write("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--inquest", default=os.path.join(HERE, "..", "..", "build", "inquest"))
    p.add_argument("--expect", metavar="FOLDER")
    p.add_argument("files", nargs="*")
    a = p.parse_args()
    if a.expect:
        write_expected(a.expect)
        return 0
    bad = 0
    for path in a.files:
        wrong = compare(expect(path), *read_ours(a.inquest, path))
        bad += bool(wrong)
        print("%s %s" % ("DIFFERS" if wrong else "equal  ", path))
        for line in wrong:
            print("    " + line.replace("\n", "\n    "))
    print("%d files, %d differ" % (len(a.files), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
